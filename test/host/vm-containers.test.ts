// last: guests of all kinds beside each other; vm-nat has a machine alone
// root: the hierarchy of control groups
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { Guest, whyNoGuests } from '../vm/guest.ts';

const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' }).trim();
const whyNoPodman = (): string | undefined => {
  try {
    sh('command -v podman');
    return undefined;
  } catch {
    return 'podman is not installed: apt-get install --no-install-recommends podman';
  }
};
const reason = whyNoGuests() ?? whyNoPodman();

const ROOT = '/run/tmp/root';
const podman = (command: string): string =>
  sh(
    `podman --root /run/tmp/podman --runroot /run/tmp/podman-run --storage-driver vfs --cgroup-manager cgroupfs --events-backend none ${command}`,
  );

/** What a container runs in: a folder with busybox, and a script that takes the address that is offered. */
function writeRoot(): void {
  for (const folder of ['bin', 'dev', 'etc', 'proc', 'run', 'sys', 'tmp']) mkdirSync(`${ROOT}/${folder}`, { recursive: true });
  copyFileSync(sh('command -v busybox'), `${ROOT}/bin/busybox`);
  for (const applet of ['sh', 'sleep', 'ip', 'ping', 'udhcpc']) symlinkSync('busybox', `${ROOT}/bin/${applet}`);
  writeFileSync(`${ROOT}/bin/take`, '#!/bin/sh\n[ "$1" != bound ] || ip address add "$ip/$mask" dev "$interface"\n');
  chmodSync(`${ROOT}/bin/take`, 0o755);
}

describe.skipIf(reason !== undefined)(`containers, namespaces and machines${reason === undefined ? '' : ` (${reason})`}`, () => {
  const opened = openDriver();
  afterAll(async () => {
    podman('rm --all --force --time 0');
    await (await opened)[Symbol.asyncDispose]();
  });

  test('are on one network at once, reach one another, and are shown together', async () => {
    // crun looks at the hierarchy of control groups, though it makes none.
    sh('mount -t cgroup2 cgroup2 /sys/fs/cgroup');
    writeRoot();
    const driver = await opened;
    await driver.up([
      `<network><name>mixed</name><forward mode='nat'/><bridge name='virbr9'/>
        <ip address='10.79.0.1' netmask='255.255.255.0'><dhcp><range start='10.79.0.10' end='10.79.0.20'/></dhcp></ip></network>`,
    ]);
    podman(
      `run --detach --name web --network none --cgroups disabled --security-opt seccomp=unconfined --cap-add net_admin,net_raw --rootfs ${ROOT} /bin/sleep 100000`,
    );
    const pid = podman("inspect --format '{{.State.Pid}}' web");
    sh('ip netns add plain; ip -n plain link set lo up');
    await driver.attach('mixed', { attachment: { type: 'netns', netns: `/proc/${pid}/ns/net`, guestDev: 'eth0' }, owner: { name: 'web' } });
    await driver.attach('mixed', { attachment: { type: 'netns', netns: 'plain', guestDev: 'eth0' }, owner: { name: 'plain' } });
    const words = sh('bin/virtnet attach mixed --tap --owner machine --qemu 2>/run/tmp/attached');
    {
      await using machine = await Guest.boot({ name: 'machine', network: words });
      const addressOf = (text: string): string => /inet (10\.79\.0\.\d+)\//.exec(text)?.[1] ?? 'none';
      podman('exec web /bin/udhcpc -i eth0 -t 30 -n -q -s /bin/take');
      sh(`ip netns exec plain busybox udhcpc -i eth0 -t 30 -n -q -s ${ROOT}/bin/take`);
      const addresses = [await machine.dhcp(), addressOf(podman('exec web /bin/ip address show dev eth0'))];
      addresses.push(addressOf(sh('ip -n plain address show dev eth0')));
      expect(new Set(addresses).size, addresses.join()).toBe(3);
      expect((await driver.leases('mixed')).map(({ ip }) => ip).sort()).toEqual([...addresses].sort());
      for (const address of addresses) {
        expect(await machine.run(`ping -c 1 -w 10 ${address}`)).toMatchObject({ code: 0 });
        podman(`exec web /bin/ping -c 1 -w 10 ${address}`);
        sh(`ip netns exec plain ping -c 1 -w 10 ${address}`);
      }
      const shown = sh('bin/virtnet show mixed');
      for (const name of ['web', 'plain', 'machine']) expect(shown).toMatch(new RegExp(`\\b${name}\\b`));
      expect((await driver.portStatus('mixed')).map(({ state, counters }) => [state, (counters?.rxPackets ?? 0) > 0])).toEqual(
        new Array(3).fill(['there', true]),
      );
      expect(await driver.xml('mixed')).toContain("<network connections='3'>");
    }
    // A container that has ended took its end of the wire along.
    podman('rm --force --time 0 web');
    expect((await driver.portStatus('mixed')).map(({ state }) => state).sort()).toEqual(['gone', 'there', 'there']);
    expect((await driver.reap('mixed')).reaped.map(({ port: gone }) => gone.port.owner.name)).toEqual(['web']);
    expect((await driver.diff()).steps).toEqual([]);
  }, 240_000);
});
