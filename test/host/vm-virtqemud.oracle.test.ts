import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startVirtnetd, type Virtnetd } from '../support/virtnetd.ts';
import type { Guest } from '../vm/guest.ts';
import { bootByVirtInstall, startVirtqemud, whyNoVirtInstall, type Virtqemud } from '../vm/virtqemud.ts';

/** What people do with machines: virt-install, virt-clone, virt-xml and virsh ask qemu:///system of a daemon whose networks are virtnetd's. */

const reason = whyNoVirtInstall();
const env = { ...process.env, LIBVIRT_DEFAULT_URI: 'qemu:///system', LC_ALL: 'C', HOME: '/run/home' };
const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });
const virsh = (line: string): string => sh(`virsh -q ${line}`);
const words = (text: string): readonly (readonly string[])[] =>
  text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.trim().split(/\s+/));
const ports = (network: string): readonly string[] => words(virsh(`net-port-list ${network}`)).map(([uuid = '']) => uuid);
const start = (): Promise<Virtnetd> => startVirtnetd({ folder: '/run/virtnetd', sockets: '/run/libvirt' });

const MAC = '52:54:00:11:22:33';
const network = (name: string, n: number): string =>
  `<network><name>${name}</name><forward mode='nat'/><bridge name='vb${String(n)}' stp='off'/><ip address='10.88.${String(n)}.1' netmask='255.255.255.0'>
  <dhcp><range start='10.88.${String(n)}.10' end='10.88.${String(n)}.99'/></dhcp></ip>
  <portgroup name='slow'><bandwidth><inbound average='5000'/></bandwidth></portgroup></network>`;

describe.skipIf(reason !== undefined)(
  `machines by virt-install on networks of virtnetd${reason === undefined ? '' : ` (${reason})`}`,
  () => {
    let networks: Virtnetd;
    let machines: Virtqemud;
    let guest: Guest;
    let address: string | undefined;

    beforeAll(async () => {
      networks = await start();
      machines = await startVirtqemud();
      for (const [name, n] of [
        ['lab', 1],
        ['other', 2],
      ] as const) {
        writeFileSync('/run/network.xml', network(name, n));
        virsh('net-define /run/network.xml');
        virsh(`net-start ${name}`);
      }
      guest = await bootByVirtInstall('vm1', `network=lab,portgroup=slow,model=virtio,mac=${MAC}`);
    }, 240_000);
    afterAll(async () => {
      await guest[Symbol.asyncDispose]();
      await machines[Symbol.asyncDispose]();
      await networks[Symbol.asyncDispose]();
    });

    test('boot with a port of the portgroup and get a lease that virsh shows', async () => {
      expect(words(virsh('domiflist vm1'))).toEqual([['vnet0', 'network', 'lab', 'virtio', MAC]]);
      expect(ports('lab')).toHaveLength(1);
      expect(virsh(`net-port-dumpxml lab ${ports('lab')[0] ?? ''}`)).toMatch(
        /<group>slow<.*<inbound average='5000'\/>.*<plug type='network' bridge='vb1'\/>/s,
      );
      address = await guest.dhcp();
      expect(address).toMatch(/^10\.88\.1\.\d+$/);
      expect(words(virsh('domifaddr vm1 --source lease'))).toEqual([['vnet0', MAC, 'ipv4', `${address ?? ''}/24`]]);
      expect(words(virsh('net-dhcp-leases lab'))).toMatchObject([
        [expect.anything(), expect.anything(), MAC, 'ipv4', `${address ?? ''}/24`, '-', expect.anything()],
      ]);
    }, 60_000);

    test('lose no packet while both daemons are killed and started again', async () => {
      const before = ports('lab');
      await guest.run('ping -i 0.1 10.88.1.1 >/tmp/ping 2>&1 & echo $! >/tmp/pid');
      await sleep(500);
      await machines.end('SIGKILL');
      await networks.end('SIGKILL');
      networks = await start();
      machines = await startVirtqemud();
      virsh('desc vm1 --live --title one'); // waits until virtqemud has taken the machine up
      await guest.run('kill -INT $(cat /tmp/pid); sleep 1');
      const [, sent = '0', received = '0'] =
        /(\d+) packets transmitted, (\d+) packets received/.exec((await guest.run('tail -n 3 /tmp/ping')).output) ?? [];
      expect(Number(sent)).toBeGreaterThan(5);
      expect(Number(sent) - Number(received)).toBeLessThanOrEqual(1); // the last one may still be under way when ping is told to stop
      expect(ports('lab')).toEqual(before);
    }, 60_000);

    test('see their link go down and up, and are on another network at once', async () => {
      const carrier = async (): Promise<string> => (await guest.run('cat /sys/class/net/eth0/carrier')).output;
      virsh('domif-setlink vm1 vnet0 down');
      await expect.poll(carrier, { timeout: 10_000 }).toBe('0');
      virsh('domif-setlink vm1 vnet0 up');
      await expect.poll(carrier, { timeout: 10_000 }).toBe('1');
      sh(`virt-xml vm1 --edit mac=${MAC} --network network=other --update`);
      expect(words(virsh('domiflist vm1'))).toEqual([['vnet0', 'network', 'other', 'virtio', MAC]]);
      expect([ports('lab').length, ports('other').length]).toEqual([0, 1]);
      address = await guest.dhcp();
      expect(address).toMatch(/^10\.88\.2\.\d+$/);
      expect(words(virsh('domifaddr vm1 --source lease'))).toEqual([['vnet0', MAC, 'ipv4', `${address ?? ''}/24`]]);
    }, 60_000);

    test('go on where they were after managedsave', async () => {
      virsh('managedsave vm1');
      expect(ports('other')).toEqual([]);
      virsh('start vm1');
      guest.reconnect();
      expect(ports('other')).toHaveLength(1);
      expect(await guest.run('ping -c 1 -w 5 10.88.2.1')).toMatchObject({ code: 0 });
      expect(await guest.run('cat /tmp/lease')).toMatchObject({ output: address });
    }, 60_000);

    test('are cloned with a MAC of their own and changed by virt-xml, running or not', async () => {
      virsh('destroy vm1');
      expect([ports('lab'), ports('other')]).toEqual([[], []]);
      sh('virt-clone --original vm1 --name vm2 --auto-clone --mac 52:54:00:11:22:44');
      sh('virt-xml vm2 --remove-device --serial all'); // files of the first one's
      sh('virt-xml vm2 --edit --network network=lab,model=e1000');
      virsh('start vm2 --paused');
      expect(words(virsh('domiflist vm2'))).toEqual([[expect.stringMatching(/^vnet/), 'network', 'lab', 'e1000', '52:54:00:11:22:44']]);
      sh('virt-xml vm2 --add-device --network network=other,mac=52:54:00:11:22:45 --update');
      expect([ports('lab').length, ports('other').length]).toEqual([1, 1]);
      expect(virsh(`net-port-dumpxml other ${ports('other')[0] ?? ''}`)).toMatch(/<name>vm2<.*52:54:00:11:22:45/s);
      virsh('destroy vm2');
      expect([ports('lab'), ports('other')]).toEqual([[], []]);
    }, 60_000);
  },
);
