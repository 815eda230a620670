import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dnsmasqFiles } from '../../src/compile/dnsmasq-files.ts';
import type { Resource } from '../../src/compile/host-state.ts';
import { leaseScriptPath } from '../../src/host/dnsmasq/lease-script.ts';
import { readLeases } from '../../src/host/leases/known-leases.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { NETWORK, PORT, reach, remaining } from '../support/states.ts';
import { isRoot } from '../support/root.ts';

const paths = {
  runDir: process.env['VIRTNET_RUN_DIR'] ?? '/run/test/run',
  stateDir: process.env['VIRTNET_STATE_DIR'] ?? '/run/test/lib',
  leaseScript: leaseScriptPath(),
};
const host = linuxHost({ paths });
const files = dnsmasqFiles(paths, NETWORK);
const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' });
const owner = { network: NETWORK };
const guest = { network: NETWORK, port: PORT };

const conf = (more = ''): string =>
  [
    `pid-file=${files.pid}`,
    'interface=virbr0',
    'except-interface=lo',
    'bind-dynamic',
    'no-resolv',
    'dhcp-authoritative',
    'dhcp-range=10.77.0.10,10.77.0.20,1h',
    'dhcp-range=fd77::10,fd77::20,64,1h',
    'leasefile-ro',
    `dhcp-script=${paths.leaseScript}`,
    `dhcp-hostsfile=${files.hosts}`,
    `addn-hosts=${files.addnHosts}`,
    more,
  ].join('\n');
const network = (more = ''): readonly Resource[] => [
  {
    kind: 'link',
    owner,
    name: 'virbr0',
    mac: '52:54:00:00:00:01',
    spec: { type: 'bridge', stp: false, forwardDelay: 0, vlanFiltering: false },
  },
  { kind: 'address', owner, dev: 'virbr0', address: '10.77.0.1/24' },
  { kind: 'address', owner, dev: 'virbr0', address: 'fd77::1/64' },
  { kind: 'link-up', owner, dev: 'virbr0' },
  { kind: 'dnsmasq', owner, bridge: 'virbr0', conf: conf(more), hosts: '', addnHosts: '' },
  { kind: 'link', owner: guest, name: 'vnet0', spec: { type: 'veth', peer: { netns: 'g', name: 'eth0', mac: '52:54:00:00:00:09' } } },
  { kind: 'bridge-port', owner: guest, dev: 'vnet0', bridge: 'virbr0', isolated: false, learning: true, unicastFlood: true },
  { kind: 'link-up', owner: guest, dev: 'vnet0' },
];
const lease = (): string => sh('ip netns exec g udhcpc -i eth0 -n -q -f -t 40 -T 1 -x hostname:web -s /bin/true 2>&1');

beforeAll(async () => {
  sh('ip netns add g');
  await reach(host, network());
});
afterAll(async () => {
  await reach(host, []);
  sh('ip netns del g');
  await host[Symbol.asyncDispose]();
});

describe('leases of a real dnsmasq', () => {
  test('are in the log as soon as the client has them', async () => {
    expect(lease()).toMatch(/lease of 10\.77\.0\.\d+ obtained/);
    const [first, ...others] = await readLeases(files);
    expect(others).toEqual([]);
    expect(first).toMatchObject({ family: 'ipv4', mac: '52:54:00:00:00:09', hostname: 'web', interface: 'virbr0' });
    const left = (first?.expiry ?? 0) - Date.now() / 1000;
    expect(left).toBeGreaterThan(3000);
    expect(left).toBeLessThanOrEqual(3601);
  });

  test('survive a kill and a restart of dnsmasq: the client keeps its address and its name', async () => {
    const [before] = await readLeases(files);
    sh(`pid=$(cat ${files.pid}); kill -9 $pid; while kill -0 $pid 2>/dev/null; do sleep 0.02; done`);
    await reach(host, network());
    expect((await readLeases(files)).map((r) => [r.ip, r.hostname])).toEqual([[before?.ip, 'web']]);
    await reach(host, network('domain=example.test'));
    expect(lease()).toContain(`lease of ${before?.ip ?? '?'} obtained`);
  });

  test('a whole start and stop leaves the log for the next start', async () => {
    const before = await readLeases(files);
    await reach(host, []);
    await reach(host, network());
    const after = await readLeases(files);
    const untimed = (leases: typeof before): unknown => leases.map((lease) => ({ ...lease, expiry: 0 }));
    expect(untimed(after)).toEqual(untimed(before));
    // The dump and the script may tell of a lease from either side of a second.
    for (const [i, { expiry }] of after.entries()) expect(Math.abs(expiry - (before[i]?.expiry ?? 0))).toBeLessThanOrEqual(1);
  });

  test.skipIf(!isRoot)(
    'a run folder that dnsmasq may not enter (without root it may) is told beforehand: a fixed host and a name are lost there',
    async () => {
      const served = network().map((r) =>
        r.kind === 'dnsmasq' ? { ...r, hosts: '52:54:00:00:00:09,10.77.0.19,fixed\n', addnHosts: '10.77.0.7 seven\n' } : r,
      );
      const name = (): string => sh('dig +short +time=5 +tries=5 @10.77.0.1 seven').trim();
      expect((await host.facts()).closedFolder).toBeUndefined();
      chmodSync(paths.runDir, 0o700);
      expect((await host.facts()).closedFolder).toBe(paths.runDir);
      await reach(host, served);
      expect(name()).toBe('');
      expect(await remaining(host, served)).toEqual([]);
      chmodSync(paths.runDir, 0o755);
      expect(await remaining(host, served)).toEqual([expect.stringMatching(/^change dnsmasq/)]);
      await reach(host, served);
      expect(name()).toBe('10.77.0.7');
      await reach(host, network());
    },
  );

  test.skipIf(!isRoot)('a umask that closes what it makes to others keeps nothing from dnsmasq', () => {
    const folder = mkdtempSync(join(tmpdir(), 'umask-'));
    chmodSync(folder, 0o755);
    const document = `<network><name>u</name><bridge name='virbr1'/><dns><host ip='10.78.0.7'><hostname>seven</hostname></host></dns><ip address='10.78.0.1' prefix='24'/></network>`;
    writeFileSync(join(folder, 'u.xml'), document);
    const virtnet = (args: string): string => sh(`umask 077; VIRTNET_RUN_DIR=${folder}/run bin/virtnet ${args} 2>&1`);
    expect(virtnet(`up ${folder}/u.xml`)).not.toContain('VNC014');
    expect(sh('dig +short +time=5 +tries=5 @10.78.0.1 seven').trim()).toBe('10.78.0.7');
    virtnet('stop u');
    virtnet('undefine u');
    rmSync(folder, { recursive: true });
  });

  test('are kept as well by a dnsmasq that knows no packet dump', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'older-'));
    const path = process.env['PATH'];
    writeFileSync(
      join(folder, 'dnsmasq'),
      `#!/bin/sh
      case "$*" in *--dumpfile*) echo 'dnsmasq: bad command line options: try --help' >&2; exit 1 ;; esac
      PATH=/usr/sbin:/usr/local/sbin:/usr/bin exec dnsmasq "$@"`,
      { mode: 0o755 },
    );
    process.env['PATH'] = `${folder}:${path ?? ''}`;
    try {
      sh(`pid=$(cat ${files.pid}); kill -9 $pid; while kill -0 $pid 2>/dev/null; do sleep 0.02; done`);
      await reach(host, network());
      expect(readFileSync(`/proc/${sh(`cat ${files.pid}`).trim()}/cmdline`, 'utf8')).not.toContain('dumpfile');
      expect(lease()).toContain(`lease of ${(await readLeases(files))[0]?.ip ?? '?'} obtained`);
    } finally {
      process.env['PATH'] = path;
      rmSync(folder, { recursive: true });
    }
    await reach(host, network('domain=another.test'));
    expect(readFileSync(`/proc/${sh(`cat ${files.pid}`).trim()}/cmdline`, 'utf8')).toContain('dumpfile');
  });
});
