import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { HostEvent } from './monitor.ts';
import { deviceEvents, entryEvents, firewallEvents, pollDnsmasq, queueEvents } from './monitor.ts';

const uuid = '3e3fce45-4f53-4fa7-bb32-11f34168b82b';
const chain = 'n_3e3fce45_4f53_4fa7_bb32_11f34168b82b_to';

describe('deviceEvents (lines seen from iproute2 6.1)', () => {
  it.each([
    ['2: virbr0: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default \\    link/ether da:84:58:14:2e:6a', 'virbr0'],
    ['Deleted 2: virbr0    inet 10.0.0.1/24 scope global virbr0\\       valid_lft forever preferred_lft forever', 'virbr0'],
    ['3: vnet0@if2: <BROADCAST,MULTICAST> mtu 1500 master virbr0 state DOWN', 'vnet0'],
    ['Deleted 10.0.0.0/24 dev virbr0 proto kernel scope link src 10.0.0.1 ', 'virbr0'],
    ['inet virbr0 forwarding off ', 'virbr0'],
  ])('%s', (line, dev) => {
    expect(deviceEvents(line)).toMatchObject([{ kind: 'device', dev }]);
  });
  it('tells that the host forwards nothing any more', () => {
    expect(deviceEvents('inet all forwarding off ')).toMatchObject([{ kind: 'host' }]);
    expect(deviceEvents('inet6 all forwarding off ')).toMatchObject([{ kind: 'host' }]);
  });
  it.each(['Timestamp: now', 'inet all forwarding on ', 'inet virbr0 forwarding on ', 'Deleted inet virbr0 '])(
    'is silent about other lines: %s',
    (line) => expect(deviceEvents(line)).toEqual([]),
  );
});

describe('queueEvents (lines seen from iproute2 6.1)', () => {
  it.each([
    'deleted qdisc htb 1: dev virbr0 root r2q 10 default 0x1 direct_packets_stat 0 direct_qlen 1000',
    'class htb 1:1 dev virbr0 root prio 0 rate 2Mbit ceil 2Mbit burst 1600b cburst 1600b ',
    'added filter dev virbr0 egress protocol all pref 70 u32 chain 0 fh 800::800 order 2048 key ht 800 bkt 0 terminal flowid not_in_hw ',
  ])('%s', (line) => {
    expect(queueEvents(line)).toMatchObject([{ kind: 'device', dev: 'virbr0' }]);
  });
  it.each(['  match 00000000/00000000 at 0', '\taction order 1: mirred (Egress Redirect to device t0) stolen', ''])(
    'is silent about details below: %s',
    (line) => expect(queueEvents(line)).toEqual([]),
  );
});

describe('entryEvents (lines seen from iproute2 6.1)', () => {
  it('tells of an entry that was taken away', () => {
    expect(entryEvents('Deleted 52:54:00:00:00:01 dev vnet0 master virbr0 static')).toMatchObject([{ kind: 'device', dev: 'vnet0' }]);
  });
  it.each(['52:54:00:00:00:01 dev vnet0 master virbr0 static', 'Deleted 52:54:00:00:00:02 dev vnet0 master virbr0 stale', ''])(
    'is silent about what a bridge learns: %s',
    (line) => expect(entryEvents(line)).toEqual([]),
  );
});

describe('firewallEvents (lines seen from nftables 1.0.6)', () => {
  it.each([
    [`{"add": {"chain": {"family": "inet", "table": "virtnet", "name": "${chain}", "handle": 1}}}`, uuid],
    [`{"delete": {"rule": {"family": "inet", "table": "virtnet", "chain": "${chain}", "handle": 2, "expr": [{"accept": null}]}}}`, uuid],
    [
      `{"add": {"element": {"family": "inet", "table": "virtnet", "name": "m", "elem": {"set": [["virbr0", {"jump": {"target": "${chain}"}}]]}}}}`,
      uuid,
    ],
    ['{"delete": {"table": {"family": "inet", "name": "virtnet", "handle": 1}}}', undefined],
  ])('%s', (line, network) => {
    const [event] = firewallEvents(line);
    expect(event?.kind).toBe('firewall');
    expect(event?.kind === 'firewall' ? event.network : 'none').toBe(network);
  });
  it('tells that the table is gone', () => {
    expect(firewallEvents('{"delete": {"table": {"family": "inet", "name": "virtnet", "handle": 1}}}')).toMatchObject([{ whole: true }]);
    expect(firewallEvents('{"add": {"table": {"family": "inet", "name": "virtnet", "handle": 1}}}')).not.toMatchObject([{ whole: true }]);
  });
  it('tells that firewalld has made its table anew, once for all that is in it', () => {
    expect(firewallEvents('{"add": {"table": {"family": "inet", "name": "firewalld", "handle": 2}}}')).toMatchObject([
      { kind: 'firewall' },
    ]);
    expect(firewallEvents('{"add": {"chain": {"family": "inet", "table": "firewalld", "name": "filter_INPUT", "handle": 1}}}')).toEqual([]);
    expect(firewallEvents('{"delete": {"table": {"family": "inet", "name": "firewalld", "handle": 2}}}')).toMatchObject([
      { kind: 'firewall', firewalld: true },
    ]);
  });
  it('tells that events were lost', () => {
    expect(firewallEvents('# ERROR: We lost some netlink events!')).toMatchObject([{ kind: 'host' }]);
  });
  it('tells of a table with flags, whose line nft 1.0.6 leaves unfinished', () => {
    expect(firewallEvents('{"add": {"table": {"family": "inet", "name": "virtnet", "handle": 1, "flags": ')).toMatchObject([
      { kind: 'firewall' },
    ]);
    expect(firewallEvents('{"add": {"table": {"family": "inet", "name": "other", "handle": 1, "flags": ')).toEqual([]);
  });
  it("is silent about other tables, and about what is not nft's", () => {
    expect(firewallEvents('{"delete": {"table": {"family": "ip", "name": "filter", "handle": 1}}}')).toEqual([]);
    expect(firewallEvents('not json')).toEqual([]);
  });
});

describe('pollDnsmasq', () => {
  it('tells once of a process that is gone, though nobody saw it run', () => {
    vi.useFakeTimers();
    const folder = mkdtempSync(join(tmpdir(), 'monitor-'));
    const events: HostEvent[] = [];
    const end = pollDnsmasq(folder, (event) => events.push(event));
    const runs = (network: string, pid: number | undefined): void => writeFileSync(join(folder, network, 'pid'), `${String(pid)}\n`);
    for (const network of [uuid, 'other', 'starting']) mkdirSync(join(folder, network));
    runs(uuid, spawnSync('true').pid);
    runs('other', process.pid);
    vi.advanceTimersByTime(10_000);
    expect(events).toMatchObject([{ kind: 'dnsmasq', network: uuid }]);
    runs(uuid, process.pid);
    vi.advanceTimersByTime(10_000);
    expect(events.length).toBe(1);
    end();
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  });

  it('tells once of a process that has ended and that nobody reaps, within a second', async () => {
    // A shell that becomes another program leaves its child to it, which waits for none; that child ends when told to.
    const parent = spawn('sh', ['-c', 'exec 3<&0; read -r word <&3 & echo $!; exec sleep 60'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line.toString());
    await expect.poll(() => readFileSync(`/proc/${String(parent.pid)}/comm`, 'utf8')).toBe('sleep\n');
    parent.stdin.end();
    await expect.poll(() => readFileSync(`/proc/${String(pid)}/stat`, 'utf8')).toMatch(/\) Z /);
    vi.useFakeTimers();
    const folder = mkdtempSync(join(tmpdir(), 'monitor-'));
    mkdirSync(join(folder, uuid));
    writeFileSync(join(folder, uuid, 'pid'), `${String(pid)}\n`);
    const events: HostEvent[] = [];
    const end = pollDnsmasq(folder, (event) => events.push(event));
    vi.advanceTimersByTime(1000);
    expect(events).toMatchObject([{ kind: 'dnsmasq', network: uuid }]);
    vi.advanceTimersByTime(10_000);
    expect(events.length).toBe(1);
    end();
    vi.useRealTimers();
    parent.kill();
    rmSync(folder, { recursive: true });
  });
});
