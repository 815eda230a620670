// root: the nodes of macvtaps
// kernels: both
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AttachRequest, NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { capture } from '../support/capture.ts';
import { mac } from '../support/ports.ts';
import { plugGuest, type GuestKind, type TrafficGuest } from '../support/traffic/guest.ts';

/** What a guest's interface can ask for beside its limits and VLANs, each shown by packets. */
const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
/** Seconds; an emulated machine takes its time to resolve an address. */
const patience = process.env['KERNEL_LAB'] === undefined ? 1 : 3;
const answers = async (from: string, to: string, more = ''): Promise<boolean> => {
  const child = spawn('sh', ['-c', `ip netns exec ${from} ping -q -c 1 -W ${String(patience)} ${more} ${to}`], { stdio: 'ignore' });
  const [status] = (await once(child, 'exit')) as [number | null];
  return status === 0;
};
/** Several at once: each that stays without an answer takes all the time it is given. */
const all = (...asked: readonly Promise<boolean>[]): Promise<readonly boolean[]> => Promise.all(asked);

let driver: NetworkDriver;
const guests: TrafficGuest[] = [];
const asks = (network: string, body: string, attributes = ''): Partial<AttachRequest> => ({
  document: `<interface type='network'${attributes}><source network='${network}'/>${body}</interface>`,
});

async function plug(n: number, network: string, kind: GuestKind, request: Partial<AttachRequest> = {}): Promise<string> {
  const where =
    network === 'direct' ? { address: `192.0.2.1${String(n)}/24` } : { address: `10.9.0.1${String(n)}/24`, gateway: '10.9.0.1' };
  const guest = await plugGuest(driver, network, n, kind, { ...where, request });
  guests.push(guest);
  return guest.netns;
}

beforeAll(async () => {
  driver = await openDriver();
  sh(`ip netns add lan; ip link add up0 type veth peer name eth0 netns lan; ip link set up0 up; ip -n lan link set lo up
    ip -n lan address add 192.0.2.1/24 dev eth0; ip -n lan link set eth0 up`);
  await driver.up([
    `<network><name>lab</name><forward mode='nat'/><bridge name='vbg' stp='off'/><mac address='52:54:00:09:00:01'/>
      <ip address='10.9.0.1' netmask='255.255.255.0'/></network>`,
    `<network><name>table</name><bridge name='vbt' stp='off' macTableManager='libvirt'/><mac address='52:54:00:09:00:02'/></network>`,
    `<network><name>direct</name><forward mode='bridge'><interface dev='up0'/></forward></network>`,
  ]);
});
afterAll(async () => {
  for (const guest of guests) guest.end();
  await driver.stopAll(['lab', 'table', 'direct']);
  await driver[Symbol.asyncDispose]();
});

describe('a guest', () => {
  test('that is isolated reaches the host and those that are not, and no isolated one, on a veth or a tap', async () => {
    const isolated = asks('lab', "<port isolated='yes'/>");
    const [one, two, free] = [
      await plug(1, 'lab', 'netns', isolated),
      await plug(2, 'lab', 'tap', isolated),
      await plug(3, 'lab', 'netns'),
    ];
    expect(await all(answers(one, '10.9.0.1'), answers(two, '10.9.0.1'), answers(free, '10.9.0.1'))).toEqual([true, true, true]);
    expect(await all(answers(one, '10.9.0.12'), answers(two, '10.9.0.11'))).toEqual([false, false]);
    expect(await all(answers(one, '10.9.0.13'), answers(free, '10.9.0.11'), answers(free, '10.9.0.12'))).toEqual([true, true, true]);
  });

  test('whose network isolates all is isolated, and may be excepted', async () => {
    const everybody = await driver.xml('lab', { inactive: true });
    await driver.up([everybody.replace('<ip ', "<port isolated='yes'/><ip ")]);
    const free = await plug(4, 'lab', 'netns', asks('lab', "<port isolated='no'/>"));
    expect(await all(answers('g3', '10.9.0.11'), answers(free, '10.9.0.11'), answers('g3', '10.9.0.14'))).toEqual([false, true, true]);
    await driver.up([everybody]);
    expect(await answers('g3', '10.9.0.11')).toBe(true);
  });

  test('whose link is down has no carrier and gets no packet, until its link is up', async () => {
    const down = await plug(5, 'lab', 'netns', asks('lab', "<link state='down'/>"));
    const carrier = (): string => sh(`ip netns exec ${down} cat /sys/class/net/eth0/carrier`).trim();
    expect([carrier(), await answers(down, '10.9.0.1')]).toEqual(['0', false]);
    expect((await driver.diff('lab')).steps).toEqual([]);
    const attachment = (await driver.ports('lab')).find(({ port }) => port.owner.name === down)?.attachment;
    const dev = attachment?.type === 'netns' ? attachment.dev : '';
    // Somebody who raises it by hand is undone: the document says down.
    sh(`ip link set ${dev} up`);
    await expect.poll(() => answers(down, '10.9.0.1'), { timeout: 30_000 }).toBe(true); // the carrier comes a moment later
    await driver.repair('lab');
    expect([carrier(), await answers(down, '10.9.0.1')]).toEqual(['0', false]);
  });

  test.each([
    ['a veth', 'lab', 'netns', 6, '10.9.0.1'],
    ['a macvtap', 'direct', 'macvtap', 7, '192.0.2.1'],
  ] as const)('with an MTU of its own on %s sends frames of that size and no longer ones', async (_what, network, kind, n, target) => {
    const guest = await plug(n, network, kind, asks(network, "<mtu size='1300'/>"));
    // Behind a macvtap stands a machine that takes its MTU from the device, as virtio-net does.
    if (kind === 'macvtap') sh(`ip -n ${guest} link set eth0 mtu 1300`);
    // 28 bytes of IPv4 and ICMP headers.
    expect(await all(answers(guest, target, '-M do -s 1272'), answers(guest, target, '-M do -s 1273'))).toEqual([true, false]);
    const sizes = JSON.parse(sh('ip -j link')) as readonly { ifname: string; mtu: number }[];
    expect(sizes.filter(({ mtu }) => mtu === 1300).length).toBeGreaterThan(0);
  });

  test('that is trusted with its filters gets multicast that its device has not joined, on a macvtap', async () => {
    await plug(8, 'direct', 'macvtap', asks('direct', '', " trustGuestRxFilters='yes'"));
    await plug(9, 'direct', 'macvtap');
    // The filter is a table of hashes: one group may pass by accident, four do not.
    const groups = [1, 2, 3, 4].map((n) => `239.1.2.${String(n)}`);
    const captures = await Promise.all(guests.slice(-2).map(capture));
    sh(`ip -n lan route add 239.0.0.0/8 dev eth0
      for group in ${groups.join(' ')}; do ip netns exec lan ping -q -c 2 -i 0.2 -W 0.2 $group >/dev/null || true; done`);
    const [trusted = 0, other = 0] = await Promise.all(
      captures.map(async (stop) => new Set((await stop()).match(/> 239\.1\.2\.\d/g)).size),
    );
    expect(trusted).toBe(4);
    expect(other).toBeLessThan(4);
    const { steps, diagnostics } = await driver.diff('direct');
    expect([steps, diagnostics.map(({ code }) => code)]).toEqual([[], ['VNC006']]);
  });

  test('that is trusted with its filters is reached by another MAC, also where the bridge’s table is managed', async () => {
    const [one, two, three] = [1, 2, 3].map((n) => `t${String(n)}`);
    for (const [i, netns] of [one, two, three].entries()) {
      sh(`ip netns add ${netns ?? ''}`);
      const attachment = { type: 'netns', netns: netns ?? '', guestDev: 'eth0' } as const;
      const trust = i === 0 ? asks('table', '', " trustGuestRxFilters='yes'") : {};
      await driver.attach('table', { ...trust, mac: mac(20 + i), owner: { name: netns ?? '' }, attachment });
      sh(
        `ip -n ${netns ?? ''} link set eth0 down; ip -n ${netns ?? ''} link set eth0 address ${mac(40 + i)} up; ip -n ${netns ?? ''} address add 10.8.0.${String(i + 1)}/24 dev eth0`,
      );
    }
    // Both have changed their MAC; the third asks each of them. Answers to its own new one come to nobody, so it keeps its first.
    sh(`ip -n ${three ?? ''} link set eth0 down; ip -n ${three ?? ''} link set eth0 address ${mac(22)} up`);
    expect(await all(answers(three ?? '', '10.8.0.1'), answers(three ?? '', '10.8.0.2'))).toEqual([true, false]);
  });
});
