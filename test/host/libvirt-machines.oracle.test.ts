import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readLine } from '../support/ports.ts';
import { startVirtnetd, type Virtnetd } from '../support/virtnetd.ts';
import type { Guest } from '../vm/guest.ts';
import { bootByLibvirt, whyNoLibvirtGuests } from '../vm/libvirt-guest.ts';

/** libvirt's own QEMU driver asks virtnetd for its networks, as virtqemud does: nobody told it that the daemon is another one. */

const reason = whyNoLibvirtGuests();
const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' });
const FOLDER = '/run/virtnetd';
const SOCKETS = '/run/libvirt'; // where libvirt's clients look
const URI = `network+unix:///system?socket=${SOCKETS}/virtnetworkd-sock`;
const virsh = (line: string): string => sh(`virsh -c '${URI}' ${line}`);
const virtnet = (line: string): string =>
  sh(`VIRTNET_CONFIG_DIR=${FOLDER}/etc VIRTNET_STATE_DIR=${FOLDER}/lib VIRTNET_RUN_DIR=${FOLDER}/run bin/virtnet ${line}`);
const ports = (): readonly string[] =>
  virsh('net-port-list default')
    .split('\n')
    .slice(2)
    .map((line) => line.trim())
    .filter((line) => line !== '');
const start = (): Promise<Virtnetd> => startVirtnetd({ folder: FOLDER, sockets: SOCKETS });

const NETWORK = `<network><name>default</name><forward mode='nat'/><bridge name='virbr0'/><domain name='lab.test'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'><dhcp><range start='192.168.122.2' end='192.168.122.254'/></dhcp></ip></network>`;
const MAC = '52:54:00:11:22:33';
const INTERFACE = `<interface type='network'><source network='default'/><mac address='${MAC}'/><model type='virtio'/><port isolated='yes'/></interface>`;

describe.skipIf(reason !== undefined)(`a machine of libvirt on a network of virtnetd${reason === undefined ? '' : ` (${reason})`}`, () => {
  let daemon: Virtnetd;
  let guest: Guest;
  let address: string | undefined;

  beforeAll(async () => {
    daemon = await start();
    sh(`printf '%s' "${NETWORK}" >/run/default.xml`);
    virsh('net-define /run/default.xml');
    virsh('net-start default');
    guest = await bootByLibvirt('vm1', INTERFACE);
  }, 240_000);
  afterAll(async () => {
    await guest[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
  });

  const isolated = (): string => readLine('/sys/class/net/vnet0/brport/isolated');

  test('is a port of it, on its bridge, with a lease and a name', async () => {
    expect(ports()).toHaveLength(1);
    const xml = virsh(`net-port-dumpxml default ${ports()[0] ?? ''}`);
    expect(xml).toContain('<name>vm1</name>');
    expect(xml).toContain("<plug type='network' bridge='virbr0'/>");
    expect(xml).toContain("<port isolated='yes'/>");
    expect(virsh('net-dumpxml default')).toContain("<network connections='1'>");
    expect(sh('ip -o link show vnet0')).toMatch(/master virbr0.*fe:54:00:11:22:33/);
    expect(isolated()).toBe('1');
    address = await guest.dhcp();
    expect(address).toMatch(/^192\.168\.122\.\d+$/);
    expect(virsh('net-dhcp-leases default')).toContain(`${address ?? ''}/24`);
    expect(await guest.run('ping -c 1 -w 5 192.168.122.1')).toMatchObject({ code: 0 });
  }, 60_000);

  test('is shown with its tap and what it sent, beside a guest that virtnet plugged', async () => {
    sh('ip netns add box');
    virtnet('attach default --netns box --owner box');
    sh('ip -n box address add 192.168.122.200/24 dev eth0');
    expect(await guest.run('ping -c 2 -i 0.2 -w 5 192.168.122.200')).toMatchObject({ code: 0 });
    expect(virtnet('ports default')).toMatch(new RegExp(`vm1 +${MAC} +vnet0 +\\S+ +made elsewhere`));
    expect(virtnet('ports default')).toMatch(/box +\S+ +veth0 +\S+ +eth0 in box/);
    const { ports: all } = JSON.parse(virtnet('ports default --json')) as {
      ports: { port: { mac: string }; status: { state: string; device?: string; counters?: { txPackets: number } } }[];
    };
    const status = all.find(({ port }) => port.mac === MAC)?.status;
    expect(status).toMatchObject({ state: 'there', device: 'vnet0' });
    expect(status?.counters?.txPackets).toBeGreaterThan(2);
    expect(virtnet('diff default')).toContain('as it should be');
  }, 60_000);

  /** Pings the host from the machine while something happens; gives how many echoes were lost. */
  async function lost(work: () => Promise<void>): Promise<number> {
    await guest.run('ping -i 0.1 192.168.122.1 >/tmp/ping 2>&1 & echo $! >/tmp/pid');
    await sleep(500);
    await work();
    await sleep(500);
    await guest.run('kill -INT $(cat /tmp/pid); sleep 1');
    const { output } = await guest.run('tail -n 3 /tmp/ping');
    const [, sent = '0', received = '0'] = /(\d+) packets transmitted, (\d+) packets received/.exec(output) ?? [];
    expect(Number(sent)).toBeGreaterThan(5);
    return Number(sent) - Number(received);
  }

  test('loses no packet while virtnetd is killed and started again, and stays its port', async () => {
    const gone = await lost(async () => {
      await daemon.end('SIGKILL');
      daemon = await start();
    });
    expect(gone).toBeLessThanOrEqual(1); // the last one may still be under way when ping is told to stop
    expect(ports()).toHaveLength(1 + 1);
    expect(virtnet('diff default')).toContain('as it should be');
  }, 60_000);

  test('is back on the wire when its network was stopped and started, which libvirt leaves to a restart of the machine', async () => {
    const bridge = readLine('/sys/class/net/virbr0/address');
    virsh('net-destroy default');
    expect(sh('ip -o link show vnet0')).not.toContain('master');
    expect(await guest.run('ping -c 1 -w 1 192.168.122.1')).toMatchObject({ code: 1 });
    const before = performance.now();
    virsh('net-start default');
    const started = performance.now();
    expect(await guest.run('ping -c 1 -w 5 192.168.122.1')).toMatchObject({ code: 0 });
    const ms = (from: number): string => (performance.now() - from).toFixed(0);
    console.log(`an echo ${ms(started)} ms after the start's end, ${ms(before)} ms after its beginning`);
    expect(readLine('/sys/class/net/virbr0/address')).toBe(bridge);
    expect(isolated()).toBe('1');
    expect(readLine('/sys/class/net/vnet0/brport/state')).toBe('3'); // it does not wait for spanning tree
    expect(virsh('net-port-list default')).toContain(ports()[0] ?? 'no port');
    expect(virsh('net-dumpxml default')).toContain("<network connections='2'>");
    expect(await guest.dhcp()).toBe(address);
    expect(virtnet('diff default')).toContain('as it should be');
  }, 60_000);

  test('is back as well when somebody took the bridge away', async () => {
    sh('ip link delete virbr0');
    await expect.poll(() => sh('ip -o link show vnet0'), { timeout: 10_000 }).toContain('master virbr0');
    expect(await guest.run('ping -c 1 -w 5 192.168.122.1')).toMatchObject({ code: 0 });
  }, 60_000);

  test('leaves its port when it ends, also where its network is stopped then', async () => {
    await guest[Symbol.asyncDispose]();
    expect(ports()).toHaveLength(1);
    guest = await bootByLibvirt('vm2', INTERFACE);
    expect(ports()).toHaveLength(2);
    virsh('net-destroy default');
    await guest[Symbol.asyncDispose]();
    virsh('net-start default');
    expect(ports()).toHaveLength(1);
    expect(virtnet('ports default')).not.toContain('vm2');
  }, 240_000);
});
