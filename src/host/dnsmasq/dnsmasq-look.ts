import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { dnsmasqFiles, type DnsmasqFiles } from '../../compile/dnsmasq-files.ts';
import type { DnsmasqResource } from '../../compile/host-state.ts';
import { closedFolder } from './closed-folder.ts';
import { findDeafServers, type DnsServer } from './dns-probe.ts';
import {
  CONF,
  isHalted,
  isListening,
  isReading,
  marker,
  markerFile,
  NETWORK,
  readsServers,
  runningFrom,
  sha256,
  type LoadedTexts,
} from './dnsmasq-process.ts';
import type { HostTools, Look } from '../handler.ts';
import type { LinkRow } from '../iproute/link-row.ts';
import { findProcesses, type ProcessEntry } from '../system/process-table.ts';
import { hostResolvers, serverLines } from './resolv-conf.ts';
import { readText } from '../system/small-files.ts';

/** The dnsmasq of each network that an observation is about, found by its folder and by its environment. */
export async function observeDnsmasq(look: Look, tools: HostTools): Promise<readonly DnsmasqResource[]> {
  const { networks } = look.request;
  const strays = networks === 'all' ? byNetwork(findProcesses(NETWORK, tools.proc)) : new Map<string, readonly ProcessEntry[]>();
  const wanted = new Map(look.desired('dnsmasq').map((r) => [r.owner.network, r]));
  const resolvers = hostResolvers();
  const concerned = networks === 'all' ? await carriers([...strays.keys(), ...wanted.keys()], tools) : networks;
  const found = [...concerned].flatMap(
    (network) => observeOne(network, { look, tools, resolvers, wanted: wanted.get(network), strays: strays.get(network) ?? [] }) ?? [],
  );
  const deaf = await findDeafServers(
    found.flatMap(({ server }) => server ?? []),
    tools.proc,
  );
  return found.map(({ resource, server }) => (server && deaf.has(server) ? { ...resource, process: 'hung' } : resource));
}

interface Found {
  readonly resource: DnsmasqResource;
  /** Where it must answer; absent where it serves no names, does not run, or is seen to listen. */
  readonly server?: DnsServer | undefined;
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

function observeOne(network: string, { look, tools, resolvers, wanted, strays }: Surroundings): Found | undefined {
  const files = dnsmasqFiles(tools.paths, network);
  const conf = readText(files.conf);
  const entry = runningFrom(files, network, tools.proc, strays);
  const others = strays.filter((p) => p.pid !== entry?.pid);
  if (conf === undefined && entry === undefined && others.length === 0) return undefined;
  // Its helper process carries the same environment, so one other is usual; a second server of the same network shows as stale.
  const isDoubled = entry !== undefined && others.length > 1;
  const bridge = wanted !== undefined && wanted.conf === conf ? wanted.bridge : (/^interface=(.*)$/m.exec(conf ?? '')?.[1] ?? '');
  const isDead = entry === undefined && others.length === 0;
  const isStopped = entry !== undefined && isHalted(entry);
  const isCurrent = entry?.environment.get(CONF) === sha256(conf ?? '') && !isDoubled;
  const texts = { hosts: readText(files.hosts) ?? '', addnHosts: readText(files.addnHosts) ?? '' };
  const row = look.links.get(bridge);
  const servers = readsServers(conf ?? '') ? serverLines(resolvers, row) : undefined;
  const isAsked = servers === undefined || readText(files.servers) === servers;
  return {
    resource: {
      kind: 'dnsmasq',
      owner: { network },
      bridge,
      conf: conf ?? '',
      ...texts,
      process: isDead ? 'dead' : isStopped ? 'hung' : isCurrent ? 'current' : 'stale',
      hostsLoaded: entry !== undefined && isAsked && hasRead(entry.pid, { ...texts, servers: servers ?? '' }, files, tools),
    },
    server: isCurrent && !isStopped && !isAtItsPost(entry, files, tools.proc) ? serverAt(row, conf ?? '') : undefined,
  };
}

/** It has read these texts; where the way to them was closed and still is, what it can of them. */
function hasRead(pid: number, texts: LoadedTexts, files: DnsmasqFiles, tools: HostTools): boolean {
  const told = readText(markerFile(files));
  return told === marker(pid, texts) || (told === marker(pid, texts, true) && closedFolder(tools.paths.runDir) !== undefined);
}

/** True for a server of which is seen, without a question, that it answers or soon will. */
function isAtItsPost(entry: ProcessEntry, files: DnsmasqFiles, proc: string): boolean {
  return isListening(entry, proc) || isReading(entry, files);
}

/** Where a dnsmasq with this conf answers on its bridge: at an IPv4 address, or at an IPv6 one that is not link-local. */
function serverAt(bridge: LinkRow | undefined, conf: string): DnsServer | undefined {
  const port = Number(/^port=(\d+)$/m.exec(conf)?.[1] ?? DNS_PORT);
  const addresses = (bridge?.addr_info ?? []).filter((a) => a.family === 'inet' || (a.family === 'inet6' && a.scope !== 'link'));
  const address = addresses[0]?.local;
  return port === 0 || port > MAX_PORT || address === undefined ? undefined : { address, port };
}

const DNS_PORT = 53;
const MAX_PORT = 65535;
