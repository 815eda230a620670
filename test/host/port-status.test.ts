import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkDriver, PortStatus } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';

const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' });
const virtnet = (line: string): string => execFileSync('bin/virtnet', line.split(' '), { encoding: 'utf8' });

describe('the guests of a network', () => {
  let driver: NetworkDriver;

  beforeAll(async () => {
    driver = await openDriver();
    sh('ip netns add one; ip netns add two');
    await driver.up(["<network><name>lab</name><bridge name='virbr7'/><ip address='10.77.0.1' netmask='255.255.255.0'/></network>"]);
    for (const name of ['one', 'two'])
      await driver.attach('lab', { attachment: { type: 'netns', netns: name, guestDev: 'eth0', dev: `v${name}` }, owner: { name } });
    await driver.attach('lab', { attachment: { type: 'tap', dev: 'tap7' }, owner: { name: 'machine' } });
    sh('ip -n one address add 10.77.0.2/24 dev eth0');
  });
  afterAll(async () => {
    await driver.stop('lab');
    await driver[Symbol.asyncDispose]();
  });

  /** By the owners' names. */
  const statuses = async (): Promise<ReadonlyMap<string, PortStatus>> => {
    const names = new Map((await driver.ports('lab')).map(({ port }) => [port.uuid, port.owner.name]));
    return new Map((await driver.portStatus('lab')).map((s) => [names.get(s.port) ?? '', s]));
  };

  test('received and sent what their own ends of the wire say', async () => {
    sh('ip netns exec one ping -q -c 5 -i 0.05 -s 1000 10.77.0.1');
    // Neighbour discovery goes on by itself: what is read before and after holds what the driver says between them.
    const own = (): readonly number[] =>
      ['rx_bytes', 'rx_packets', 'tx_bytes', 'tx_packets'].map((file) =>
        Number(sh(`ip netns exec one cat /sys/class/net/eth0/statistics/${file}`)),
      );
    const before = own();
    const status = (await statuses()).get('one');
    const after = own();
    const { rxBytes = 0, rxPackets = 0, txBytes = 0, txPackets = 0 } = status?.counters ?? {};
    for (const [i, value] of [rxBytes, rxPackets, txBytes, txPackets].entries()) {
      expect(value).toBeGreaterThanOrEqual(before[i] ?? NaN);
      expect(value).toBeLessThanOrEqual(after[i] ?? NaN);
    }
    // Five echoes of 1,000 bytes with 8 of ICMP, 20 of IP and 14 of Ethernet.
    expect(txBytes).toBeGreaterThanOrEqual(5 * 1042);
    expect(virtnet('show lab')).toMatch(/^one .* eth0 in one$/m);
    const { ports } = JSON.parse(virtnet('ports lab --json')) as {
      ports: { port: { owner: { name: string } }; status: { counters?: { txPackets: number } } }[];
    };
    expect(ports.find(({ port }) => port.owner.name === 'one')?.status.counters?.txPackets).toBeGreaterThanOrEqual(5);
  });

  test('whose device or namespace is gone are told by show, ports and diff, and reaped', async () => {
    sh('ip link delete tap7; ip netns delete two');
    const found = await statuses();
    expect(['one', 'two', 'machine'].map((name) => [found.get(name)?.state, found.get(name)?.gone])).toEqual([
      ['there', undefined],
      ['gone', "network namespace 'two'"],
      ['gone', "device 'tap7'"],
    ]);
    expect(virtnet('ports lab')).toMatch(/machine +\S+ +tap7 \(gone\)/);
    expect(virtnet('show lab')).toContain("the device 'tap7' of guest 'machine' is gone");
    const { steps, diagnostics } = await driver.diff('lab');
    expect(diagnostics.map((d) => d.code).sort()).toEqual(['VND013', 'VND014']);
    // The kernel takes the devices of a namespace away in its own time.
    expect(steps.map((s) => s.key).filter((key) => key !== 'link vtwo')).toEqual(['link tap7', 'bridge-port tap7', 'link-up tap7']);
    expect(virtnet('reap')).toContain("machine is unplugged from lab: its device 'tap7' is gone");
    expect((await driver.ports('lab')).map(({ port }) => port.owner.name)).toEqual(['one']);
    expect(await driver.diff('lab')).toEqual({ steps: [], diagnostics: [] });
    expect(virtnet('reap --json')).toContain('"reaped": []');
  });

  test('of which one was made anew by a repair is there again', async () => {
    await driver.attach('lab', { attachment: { type: 'tap', dev: 'tap8' }, owner: { name: 'machine' } });
    sh('ip link delete tap8');
    await driver.repair('lab');
    expect((await driver.portStatus('lab')).map(({ state }) => state)).toEqual(['there', 'there']);
    expect(sh('ip -br link show master virbr7')).toContain('tap8');
  });
});
