import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { dnsmasqFiles } from '../compile/dnsmasq-files.ts';
import type { DnsmasqResource } from '../compile/host-state.ts';
import { CONF, isHalted, marker, markerFile, NETWORK, readsServers, runningFrom, sha256 } from './dnsmasq-process.ts';
import type { HostTools, Look } from './handler.ts';
import { findProcesses, type ProcessEntry } from './process-table.ts';
import { hostResolvers, serverLines } from './resolv-conf.ts';
import { readTextNow } from './small-files.ts';

/** The dnsmasq of each network that an observation is about, found by its folder and by its environment. */
export async function observeDnsmasq(look: Look, tools: HostTools): Promise<readonly DnsmasqResource[]> {
  const { networks } = look.request;
  const strays = networks === 'all' ? byNetwork(findProcesses(NETWORK, tools.proc)) : new Map<string, readonly ProcessEntry[]>();
  const wanted = new Map(look.desired('dnsmasq').map((r) => [r.owner.network, r]));
  const resolvers = await hostResolvers();
  const concerned = networks === 'all' ? await carriers([...strays.keys(), ...wanted.keys()], tools) : networks;
  return [...concerned].flatMap(
    (network) => observeOne(network, { look, tools, resolvers, wanted: wanted.get(network), strays: strays.get(network) ?? [] }) ?? [],
  );
}

/** Networks that have a dnsmasq folder, and the given ones. */
async function carriers(others: readonly string[], tools: HostTools): Promise<ReadonlySet<string>> {
  const folder = dirname(dnsmasqFiles(tools.paths, 'x').folder);
  const names = await readdir(folder).catch(() => []);
  return new Set([...names, ...others].filter((name) => /^[0-9a-f-]{36}$/.test(name)));
}

function byNetwork(processes: readonly ProcessEntry[]): ReadonlyMap<string, readonly ProcessEntry[]> {
  const found = new Map<string, ProcessEntry[]>();
  for (const p of processes) {
    const network = p.environment.get(NETWORK) ?? '';
    const same = found.get(network);
    if (same) same.push(p);
    else found.set(network, [p]);
  }
  return found;
}

interface Surroundings {
  readonly look: Look;
  readonly tools: HostTools;
  readonly resolvers: readonly string[];
  readonly wanted: DnsmasqResource | undefined;
  /** Every process of this network, where all processes were looked at. */
  readonly strays: readonly ProcessEntry[];
}

function observeOne(network: string, { look, tools, resolvers, wanted, strays }: Surroundings): DnsmasqResource | undefined {
  const files = dnsmasqFiles(tools.paths, network);
  const conf = readTextNow(files.conf);
  const entry = runningFrom(files, network, tools.proc, strays);
  const others = strays.filter((p) => p.pid !== entry?.pid);
  if (conf === undefined && entry === undefined && others.length === 0) return undefined;
  // Its helper process carries the same environment, so one other is usual; a second server of the same network shows as stale.
  const isDoubled = entry !== undefined && others.length > 1;
  const bridge = wanted !== undefined && wanted.conf === conf ? wanted.bridge : (/^interface=(.*)$/m.exec(conf ?? '')?.[1] ?? '');
  const isDead = entry === undefined ? others.length === 0 : isHalted(entry);
  const isCurrent = entry?.environment.get(CONF) === sha256(conf ?? '') && !isDoubled;
  const texts = { hosts: readTextNow(files.hosts) ?? '', addnHosts: readTextNow(files.addnHosts) ?? '' };
  const servers = readsServers(conf ?? '') ? serverLines(resolvers, look.links.get(bridge)) : '';
  return {
    kind: 'dnsmasq',
    owner: { network },
    bridge,
    conf: conf ?? '',
    ...texts,
    process: isDead ? 'dead' : isCurrent ? 'current' : 'stale',
    hostsLoaded: entry !== undefined && readTextNow(markerFile(files)) === marker(entry.pid, { ...texts, servers }),
  };
}
