import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Fields of `ip -j`, `tc -j` and `nft -j` that differ between two equal hosts: numbers given by the kernel, timers, counters. */
const PASSING = new Set([
  'ifindex', 'link_index', 'link_netnsid', 'stats', 'stats64', 'handle', 'hello_timer', 'tcn_timer', 'topology_change_timer', 'gc_timer',
  'fdb_n_learned', 'root_id', 'bridge_id', 'hold_timer', 'message_age_timer', 'forward_delay_timer', 'designated_bridge', 'designated_root', 'id', 'no',
  'valid_life_time', 'preferred_life_time', 'bytes', 'packets', 'drops', 'overlimits', 'requeues', 'backlog', 'qlen', 'pps', 'tentative', 'expires', 'used', 'promiscuity', 'allmulti', 'direct_packets_stat', 'qdisc', 'metainfo', 'max_mtu', 'min_mtu', 'topology_change', 'topology_change_detected', 'tso_max_size', 'tso_max_segs', 'state', 'carrier_changes', 'age', 'cache', 'operstate', 'link_netnsid',
]); // prettier-ignore

const run = (command: string, ...args: string[]): string => execFileSync(command, args, { encoding: 'utf8', maxBuffer: 64 << 20 });

function json(command: string, ...args: string[]): unknown {
  const text = run(command, ...args).trim();
  return strip(text === '' ? [] : JSON.parse(text));
}

function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip).filter((v) => JSON.stringify(v) !== '{}');
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !PASSING.has(key))
      .map(([key, v]) => [key, key === 'flags' ? settings(v) : key === 'address' ? given(v) : strip(v)]),
  );
}

/** What the kernel tells of their state among the flags of links (netdevice(7)) and routes; the others are set by somebody. */
const STATE_FLAGS = new Set<unknown>(['LOWER_UP', 'NO-CARRIER', 'M-DOWN', 'DORMANT', 'RUNNING', 'linkdown', 'dead']);

function settings(flags: unknown): unknown {
  return Array.isArray(flags) ? flags.filter((flag) => !STATE_FLAGS.has(flag)) : flags;
}

/** A MAC that the kernel made up is another one each time. */
function given(address: unknown): unknown {
  return typeof address === 'string' && /^(52:54:00|00):/.test(address) ? address : 'random';
}

/** The files below a folder with their texts. */
function files(folder: string, except: RegExp): Record<string, string> {
  const out: Record<string, string> = {};
  if (!existsSync(folder)) return out;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (except.test(name)) continue;
    const path = join(folder, name);
    const found = lstatSync(path);
    if (found.isSymbolicLink()) out[path] = `-> ${readlinkSync(path)}`;
    if (!found.isFile()) continue;
    // Which process has read its files is told by its number.
    const text = readFileSync(path, 'utf8').replace(/^\d+ (?=[0-9a-f]{64}$)/m, '');
    out[path] = `${(found.mode & 0o777).toString(8)} ${String(found.uid)}\n${text}`;
  }
  return out;
}

/** The dnsmasq processes of this pid namespace by their command lines; a zombie counts as gone. */
export function dnsmasqs(): { readonly pid: number; readonly args: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        return /^\S*dnsmasq\b/.test(args) ? [{ pid: Number(pid), args }] : [];
      } catch {
        return [];
      }
    });
}

/** What a change of networks can leave on a host, as plain data that is equal for equal hosts. */
export interface HostSnapshot {
  readonly links: unknown;
  readonly addresses: unknown;
  readonly routes: unknown;
  /** Static entries and VLANs of bridges. */
  readonly forwarding: unknown;
  readonly rules: unknown;
  readonly shaping: unknown;
  readonly sysctls: Record<string, string>;
  readonly files: Record<string, string>;
  readonly processes: readonly string[];
  /** Devices, addresses and routes in the namespaces of guests. */
  readonly guests: Record<string, unknown>;
}

export function hostSnapshot(): HostSnapshot {
  const links = (JSON.parse(run('ip', '-j', 'link')) as { ifname: string }[]).map((l) => l.ifname).sort();
  return {
    links: byName(json('ip', '-j', '-d', 'link')),
    addresses: byName(
      (json('ip', '-j', 'address', 'show', 'scope', 'global') as { addr_info: unknown[] }[]).filter((l) => l.addr_info.length > 0),
    ),
    routes: ['-4', '-6'].map((family) => settledRoutes(json('ip', '-j', family, 'route', 'show', 'table', 'all'))),
    forwarding: [staticEntries(), byName(json('bridge', '-j', 'vlan', 'show'))],
    rules: inOrder(json('nft', '-j', 'list', 'ruleset')),
    shaping: [sorted(givenQueues()), classesAndFilters(links)],
    sysctls: sysctls(links),
    files: {
      // What autostart could not start is noted: that is what a failed one is to leave. In `words` is what dnsmasq says, where root is nobody else.
      ...files(process.env['VIRTNET_RUN_DIR'] ?? '', /(^|\/)(lock|pid|boot|autostart-owed|words$)/),
      // What the disk may not have yet is kept for a moment.
      ...files(process.env['VIRTNET_CONFIG_DIR'] ?? '', /^\.unsynced-/),
      ...files(process.env['VIRTNET_STATE_DIR'] ?? '', /leases/),
    },
    processes: dnsmasqs()
      .map((p) => p.args)
      .sort(),
    guests: Object.fromEntries(namespaces().map((name) => [name, guestSide(name)])),
  };
}

function namespaces(): readonly string[] {
  return existsSync('/run/netns') ? readdirSync('/run/netns').sort() : [];
}

/** What a guest has set on its own side stays when its network changes; what it was advertised comes when it comes. */
function guestSide(name: string): unknown {
  const rows = (...words: string[]): unknown => json('ip', '-j', '-n', name, ...words);
  const addresses = rows('address', 'show', 'scope', 'global') as readonly { readonly addr_info: readonly { readonly dynamic?: true }[] }[];
  const given = addresses
    .map((link) => ({ ...link, addr_info: link.addr_info.filter(({ dynamic }) => dynamic !== true) }))
    .filter(({ addr_info }) => addr_info.length > 0);
  return [byName(rows('-d', 'link')), byName(given), settledRoutes(rows('-4', 'route'))];
}

/** Queues that somebody put there; those with handle 0 are the kernel's own, there since the device was up once. */
function givenQueues(): readonly unknown[] {
  const rows = JSON.parse(run('tc', '-j', 'qdisc', 'show')) as readonly { readonly handle: string }[];
  return rows.filter(({ handle }) => handle !== '0:').map(strip);
}

/** tc(8) prints these as text only, and a process for each device would cost more than all the rest. */
function classesAndFilters(links: readonly string[]): unknown {
  const lines = links.flatMap((dev) => [
    'qdisc show dev lo', // heads the part of a device
    `class show dev ${dev}`,
    ...['root', 'parent 1:', 'ingress', 'egress'].map((parent) => `filter show dev ${dev} ${parent}`),
  ]);
  const { stdout } = spawnSync('tc', ['-force', '-batch', '-'], { input: `${lines.join('\n')}\n`, encoding: 'utf8' });
  const parts = stdout.split(/^qdisc .*$/m).slice(1);
  return links.map((dev, i) => [dev, sorted((parts[i] ?? '').replace(/leaf \S+|fh \S+|tag \S+|jited|index \d+/g, '').split('\n'))]);
}

/** Settings below /proc/sys that starting networks has to do with; all of those of each device. */
function sysctls(links: readonly string[]): Record<string, string> {
  const devices = ['all', 'default', ...links];
  const paths = devices.flatMap((dev) =>
    ['ipv4', 'ipv6'].flatMap((family) => {
      const folder = `net/${family}/conf/${dev}`;
      const names = existsSync(`/proc/sys/${folder}`) ? readdirSync(`/proc/sys/${folder}`) : [];
      return names.filter((name) => name !== 'stable_secret').map((name) => `${folder}/${name}`);
    }),
  );
  return Object.fromEntries(['net/ipv4/ip_forward', ...paths].map((path) => [path, readFileSync(join('/proc/sys', path), 'utf8').trim()]));
}

/** What the bridges learned from frames is theirs, and what is permanent are the devices' own addresses. */
function staticEntries(): readonly string[] {
  const rows = JSON.parse(run('bridge', '-j', 'fdb', 'show')) as { readonly state?: string }[];
  return sorted(rows.filter(({ state }) => state === 'static').map(strip));
}

/** The kernel lists queues in the order of a hash. */
function sorted(rows: readonly unknown[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

/** Without those that the kernel adds by itself, some of them a second after an address (duplicate address detection). */
function settledRoutes(rows: unknown): unknown {
  return (rows as { dst: string; table?: string }[]).filter((r) => r.table !== 'local' && !/^f[ef][0-9a-f]*:/.test(r.dst));
}

/** Tables, maps and chains by name, and the rules of each chain in their order: which chain was made first means nothing. */
function inOrder(listing: unknown): unknown {
  const rows = (listing as { nftables: Record<string, { name?: string; chain?: string }>[] }).nftables;
  const key = (row: Record<string, { name?: string; chain?: string }>): string =>
    Object.entries(row)
      .map(([kind, v]) => `${kind} ${v.chain ?? v.name ?? ''}`)
      .join();
  return rows.toSorted((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0));
}

function byName(rows: unknown): unknown {
  return (rows as { ifname?: string }[]).toSorted((a, b) => String(a.ifname).localeCompare(String(b.ifname)));
}
