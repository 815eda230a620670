import { createHash } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { dnsmasqFiles } from '../compile/dnsmasq-files.ts';
import type { DnsmasqFiles } from '../compile/dnsmasq-files.ts';
import type { DnsmasqResource } from '../compile/host-state.ts';
import { VirtnetError } from '../base/errors.ts';
import { tryRun } from './command.ts';
import { StepFailure } from './handler.ts';
import type { DirectHandler, HostTools, Look, StepOf } from './handler.ts';
import { startInForeground } from './foreground-server.ts';
import { endProcess, findProcesses, readProcess, signal } from './process-table.ts';
import type { ProcessEntry } from './process-table.ts';
import { upstreamServers } from './resolv-conf.ts';
import { readText, replaceText } from './small-files.ts';

/** Environment of a dnsmasq of ours: whose it is, and the SHA-256 of the conf it was started with. */
const NETWORK = 'VIRTNET_NETWORK';
const CONF = 'VIRTNET_CONF';
/** Where the dhcp-script appends; it inherits dnsmasq's environment. */
const LEASES = 'VIRTNET_LEASES';

/** One dnsmasq a network, found again by its folder and by its environment. */
export const dnsmasq: DirectHandler<'dnsmasq'> = {
  async observe(look, tools) {
    const strays = look.request.networks === 'all' ? await findProcesses(NETWORK, tools.proc) : [];
    const networks = look.request.networks === 'all' ? await carriers(look, strays, tools) : look.request.networks;
    const found = await Promise.all([...networks].map((network) => observeOne(network, look, strays, tools)));
    return found.flatMap((r) => r ?? []);
  },

  async execute(steps, tools) {
    const queue = steps.map((step, index) => ({ step, index }));
    const failures: StepFailure[] = [];
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next && failures.length === 0; next = queue.shift()) {
        try {
          await executeOne(next.step, tools);
        } catch (error) {
          failures.push(new StepFailure(next.index, error));
        }
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    const [first] = failures.sort((a, b) => a.step - b.step);
    if (first) throw first;
  },
};

/** How many instances are started or stopped at the same time. */
const AT_ONCE = 4;

/** Networks that have a dnsmasq folder or process. */
async function carriers(look: Look, strays: readonly ProcessEntry[], tools: HostTools): Promise<ReadonlySet<string>> {
  const folder = dirname(dnsmasqFiles(tools.paths, 'x').folder);
  const names = await readdir(folder).catch(() => []);
  const running = strays.flatMap((p) => p.environment.get(NETWORK) ?? []);
  const wanted = look.desired('dnsmasq').map((r) => r.owner.network);
  return new Set([...names, ...running, ...wanted].filter((name) => /^[0-9a-f-]{36}$/.test(name)));
}

async function observeOne(
  network: string,
  look: Look,
  strays: readonly ProcessEntry[],
  tools: HostTools,
): Promise<DnsmasqResource | undefined> {
  const files = dnsmasqFiles(tools.paths, network);
  const [conf, hosts, addnHosts, entry] = await Promise.all([
    readText(files.conf),
    readText(files.hosts),
    readText(files.addnHosts),
    runningFrom(files, network, tools),
  ]);
  const others = strays.filter((p) => p.environment.get(NETWORK) === network && p.pid !== entry?.pid);
  // Its helper process carries the same environment, so one other is usual; a second server of the same network shows as stale.
  const isDoubled = entry !== undefined && others.length > 1;
  if (conf === undefined && entry === undefined && others.length === 0) return undefined;
  const wanted = look.desired('dnsmasq').find((r) => r.owner.network === network);
  const bridge = wanted !== undefined && wanted.conf === conf ? wanted.bridge : (/^interface=(.*)$/m.exec(conf ?? '')?.[1] ?? '');
  const isDead = entry === undefined ? others.length === 0 : entry.state === 'T' || entry.state === 't';
  const isCurrent = entry?.environment.get(CONF) === sha256(conf ?? '') && !isDoubled;
  const texts = { hosts: hosts ?? '', addnHosts: addnHosts ?? '' };
  const loaded =
    entry && (await readText(markerFile(files))) === marker(entry.pid, { ...texts, servers: await serversFor(conf ?? '', files, bridge) });
  return {
    kind: 'dnsmasq',
    owner: { network },
    bridge,
    conf: conf ?? '',
    ...texts,
    process: isDead ? 'dead' : isCurrent ? 'current' : 'stale',
    hostsLoaded: loaded === true,
  };
}

/** The process that the pid file names, when it is really this network's. */
async function runningFrom(files: DnsmasqFiles, network: string, tools: HostTools): Promise<ProcessEntry | undefined> {
  const pid = Number((await readText(files.pid))?.trim());
  if (!Number.isInteger(pid) || pid <= 1) return undefined;
  const entry = await readProcess(pid, tools.proc);
  return entry?.environment.get(NETWORK) === network ? entry : undefined;
}

async function executeOne(step: StepOf<'dnsmasq'>, tools: HostTools): Promise<void> {
  const r = step.after ?? step.before;
  if (!r) return;
  const files = dnsmasqFiles(tools.paths, r.owner.network);
  if (step.op === 'delete' || !step.after) {
    await stop(r.owner.network, files, tools);
    await rm(files.folder, { recursive: true, force: true });
    return;
  }
  const entry = await runningFrom(files, r.owner.network, tools);
  const isRunning = entry?.environment.get(CONF) === sha256(r.conf) && entry.state !== 'T' && entry.state !== 't';
  const needsStart = !isRunning || step.changed.some((field) => field === 'conf' || field === 'process' || field === 'bridge');
  await mkdir(files.folder, { recursive: true, mode: 0o755 });
  await mkdir(dirname(files.leases), { recursive: true, mode: 0o755 });
  const servers = await serversFor(r.conf, files, r.bridge);
  replaceText(files.conf, r.conf);
  replaceText(files.hosts, r.hosts);
  replaceText(files.addnHosts, r.addnHosts);
  if (r.conf.includes('servers-file=')) replaceText(files.servers, servers);
  let pid = entry?.pid ?? 0;
  if (needsStart) {
    if (step.before) await stop(r.owner.network, files, tools);
    else await rm(files.pid, { force: true });
    pid = await startAfresh(r, files, tools);
  } else signal(pid, 'SIGHUP');
  replaceText(markerFile(files), marker(pid, { hosts: r.hosts, addnHosts: r.addnHosts, servers }));
}

/** Ends every process of this network's dnsmasq: the one of the pid file and, where that is gone or wrong, those found by environment. */
async function stop(network: string, files: DnsmasqFiles, tools: HostTools): Promise<void> {
  const isIts = (p: ProcessEntry): boolean => p.environment.get(NETWORK) === network;
  const entry = await runningFrom(files, network, tools);
  if (entry) await endProcess(entry.pid, isIts, tools.proc);
  else for (const p of (await findProcesses(NETWORK, tools.proc)).filter(isIts)) await endProcess(p.pid, isIts, tools.proc);
  await rm(files.pid, { force: true });
}

/** Where nothing was seen to run, a process may still hold the address (its files are gone): it is looked for only when the start fails. */
async function startAfresh(r: DnsmasqResource, files: DnsmasqFiles, tools: HostTools): Promise<number> {
  try {
    return await start(r, files, tools);
  } catch (error) {
    const strays = (await findProcesses(NETWORK, tools.proc)).filter((p) => p.environment.get(NETWORK) === r.owner.network);
    if (strays.length === 0) throw error;
    await stop(r.owner.network, files, tools);
    return start(r, files, tools);
  }
}

/** @throws VirtnetError VNH005 with dnsmasq's own words, VNH002 when it is not installed. */
async function start(r: DnsmasqResource, files: DnsmasqFiles, tools: HostTools): Promise<number> {
  const environment = { [NETWORK]: r.owner.network, [CONF]: sha256(r.conf), [LEASES]: files.leases };
  const argv = ['dnsmasq', `--conf-file=${files.conf}`] as const;
  const result = keepsItsGroups() ? await startInForeground(argv, environment, files) : await tryRun(argv, { env: environment });
  if (result.code !== 0) {
    const words = result.stderr.trim().replace(/^dnsmasq: /, '');
    throw new VirtnetError({
      code: 'VNH005',
      message: `dnsmasq did not start on '${r.bridge}': ${words === '' ? 'no reason given' : words}`,
      hint: /Address already in use/.test(words)
        ? 'another DNS or DHCP server holds the address: stop it, or make it bind to its own interfaces only'
        : 'the words are those of dnsmasq; see `virtnet explain VNH005`',
      details: { argv: result.argv, exitCode: result.code ?? null, stderr: result.stderr, network: r.owner.network },
    });
  }
  const entry = await runningFrom(files, r.owner.network, tools);
  return entry?.pid ?? 0;
}

/** In a user namespace that somebody without privileges made, setgroups(2) is denied, and there is nobody else to become. */
function keepsItsGroups(): boolean {
  try {
    return readFileSync('/proc/self/setgroups', 'utf8').trim() === 'deny';
  } catch {
    return false;
  }
}

function serversFor(conf: string, _files: DnsmasqFiles, bridge: string): Promise<string> {
  return conf.includes('servers-file=') ? upstreamServers(bridge) : Promise.resolve('');
}

function markerFile(files: DnsmasqFiles): string {
  return `${files.folder}/loaded`;
}

/** What a process has read. Written after the signal: a kill between the two shows as a mismatch, and the signal is sent again. */
function marker(pid: number, texts: { readonly hosts: string; readonly addnHosts: string; readonly servers: string }): string {
  return `${String(pid)} ${sha256(JSON.stringify([texts.hosts, texts.addnHosts, texts.servers]))}\n`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
