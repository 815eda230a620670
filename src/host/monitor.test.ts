import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import type { HostEvent } from './monitor.ts';
import { deviceEvents, firewallEvents, pollDnsmasq } from './monitor.ts';

const uuid = '3e3fce45-4f53-4fa7-bb32-11f34168b82b';
const chain = 'n_3e3fce45_4f53_4fa7_bb32_11f34168b82b_to';

describe('deviceEvents (lines seen from iproute2 6.1)', () => {
  it.each([
    ['2: virbr0: <BROADCAST,MULTICAST> mtu 1500 qdisc noop state DOWN group default \\    link/ether da:84:58:14:2e:6a', 'virbr0'],
    ['Deleted 2: virbr0    inet 10.0.0.1/24 scope global virbr0\\       valid_lft forever preferred_lft forever', 'virbr0'],
    ['3: vnet0@if2: <BROADCAST,MULTICAST> mtu 1500 master virbr0 state DOWN', 'vnet0'],
    ['Deleted 10.0.0.0/24 dev virbr0 proto kernel scope link src 10.0.0.1 ', 'virbr0'],
  ])('%s', (line, dev) => {
    expect(deviceEvents(line)).toMatchObject([{ kind: 'device', dev }]);
  });
  it('is silent about other lines', () => {
    expect(deviceEvents('Timestamp: now')).toEqual([]);
  });
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
});
