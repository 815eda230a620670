import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { connect } from '../../src/driver/connect.ts';
import { firewalld, hasLibvirtZones, systemBus, whyNoFirewalld, withoutLibvirt } from '../support/firewalld.ts';
import { startVirtnetd, type Virtnetd } from '../support/virtnetd.ts';
import { isRoot } from '../support/root.ts';

/** The real firewalld on a system bus of its own, beside virtnetd, in the namespaces of the test. */

const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
const folder = mkdtempSync(join(tmpdir(), 'firewalld-'));
const patience = { timeout: 30_000, interval: 100 };

const document = (name: string, bridge: string, third: number, forward = "<forward mode='nat'/>"): string =>
  `<network><name>${name}</name>${forward}${bridge}
  <ip address='192.168.${String(third)}.1' prefix='24'><dhcp><range start='192.168.${String(third)}.10' end='192.168.${String(third)}.99'/></dhcp></ip></network>`;

describe.skipIf(whyNoFirewalld !== undefined || !isRoot)(
  'virtnetd beside firewalld (without firewalld, or without being root, this is skipped)',
  () => {
    const services: ChildProcess[] = [];
    let daemon: Virtnetd;
    let driver: NetworkDriver;
    let defaults: string;

    const zoneOf = (dev: string): string => sh(`firewall-cmd --get-zone-of-interface=${dev} 2>/dev/null || true`).trim();
    const lease = (guest: string): string =>
      sh(`ip -n ${guest} link set eth0 up; ip netns exec ${guest} udhcpc -i eth0 -n -q -f -t 10 -T 1 -s /bin/true 2>&1 || true`);
    const mended = (what: RegExp): Promise<boolean> =>
      vi.waitUntil(
        () =>
          daemon
            .log()
            .split('\n')
            .some((line) => line.includes('mended what others changed') && what.test(line)),
        patience,
      );

    beforeAll(async () => {
      services.push(await systemBus());
      daemon = await startVirtnetd({ folder: join(folder, 'virtnetd') });
      driver = await connect({ runDir: join(folder, 'virtnetd', 'run') });
      await driver.up([
        document('zoned', "<bridge name='vbz0' stp='off' zone='trusted'/>", 91),
        document('plain', "<bridge name='vbp0' stp='off'/>", 92),
        document('routed', "<bridge name='vbr0' stp='off'/>", 93, "<forward mode='route'/>"),
        document('open', "<bridge name='vbo0' stp='off'/>", 94, "<forward mode='open'/>"),
      ]);
      sh('for guest in g late plain routed; do ip netns add $guest; done');
      await driver.attach('zoned', { owner: { name: 'g' }, attachment: { type: 'netns', netns: 'g' } });
      sh('ip -n g address add 192.168.91.5/24 dev eth0; ip -n g link set eth0 up; ip netns exec g ping -c 1 -W 10 192.168.91.1');
      defaults = withoutLibvirt();
    }, 120_000);
    afterAll(async () => {
      await driver[Symbol.asyncDispose]();
      await daemon[Symbol.asyncDispose]();
      for (const child of services.reverse()) child.kill();
    });

    test('a firewalld that starts later is noticed: the bridge joins the zone that its document names', async () => {
      services.push(await firewalld(defaults));
      await mended(/create zone vbz0/);
      expect(zoneOf('vbz0')).toBe('trusted');
      expect(zoneOf('vbp0')).toBe('');
    }, 60_000);

    test('after a reload the bridge is in its zone again, which is logged; a guest pings on, and a new one gets its address', async () => {
      const ping = spawn('ip', ['netns', 'exec', 'g', 'ping', '-i', '0.05', '192.168.91.1'], { stdio: ['ignore', 'pipe', 'ignore'] });
      let out = '';
      ping.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      const answers = (): number => out.split(' bytes from ').length - 1;
      await vi.waitUntil(() => answers() > 5, patience);

      const told = daemon.log().length;
      sh('firewall-cmd --reload');
      // An event of the kernel's may have asked for the look before firewalld's did.
      await vi.waitUntil(() => /mended what others changed.*create zone vbz0/.test(daemon.log().slice(told)), patience);
      expect(zoneOf('vbz0')).toBe('trusted');
      expect(zoneOf('vbp0')).toBe('');
      expect((await driver.diff()).steps).toEqual([]);
      expect(daemon.log()).not.toContain('cannot mend');

      const before = answers();
      await vi.waitUntil(() => answers() > before + 5, patience);
      ping.kill('SIGINT');
      await driver.attach('zoned', { owner: { name: 'late' }, attachment: { type: 'netns', netns: 'late' } });
      expect(lease('late')).toMatch(/lease of 192\.168\.91\.\d+ obtained/);
    }, 120_000);

    test.skipIf(!hasLibvirtZones)(
      "bridges that name no zone are in those of libvirt's packages as soon as firewalld has them, and nothing is dropped",
      async () => {
        expect((await driver.warnings(['plain', 'routed'])).map(({ code }) => code)).toContain('VNC013');
        sh(`cp -r /usr/lib/firewalld/. ${defaults}; firewall-cmd --reload`);
        await mended(/create zone vbp0/);
        expect(['vbp0', 'vbr0', 'vbo0', 'vbz0'].map(zoneOf)).toEqual(['libvirt', 'libvirt-routed', '', 'trusted']);
        expect(await driver.warnings(['plain', 'routed'])).toEqual([]);
        for (const name of ['plain', 'routed']) {
          await driver.attach(name, { owner: { name }, attachment: { type: 'netns', netns: name } });
          expect(lease(name)).toContain('obtained');
        }
        sh('firewall-cmd -q --zone=public --change-interface=vbp0');
        await driver.repair('plain');
        expect(zoneOf('vbp0')).toBe('libvirt');
        await driver.stop('plain');
        expect(zoneOf('vbp0')).toBe('');
        expect((await driver.diff()).steps).toEqual([]);
      },
      120_000,
    );
  },
);
