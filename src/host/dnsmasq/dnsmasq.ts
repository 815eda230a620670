import { rmSync, statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { dnsmasqFiles } from '../../compile/dnsmasq-files.ts';
import type { DnsmasqFiles } from '../../compile/dnsmasq-files.ts';
import type { DnsmasqResource } from '../../compile/host-state.ts';
import type { Step } from '../../plan/plan.ts';
import { VirtnetError } from '../../base/errors.ts';
import { isInstalled, notInstalled, tryRun } from '../tools/command.ts';
import { closedFolder } from './closed-folder.ts';
import { observeDnsmasq } from './dnsmasq-look.ts';
import { CONF, isHalted, LEASES, marker, markerFile, NETWORK, readsServers, runningFrom, sha256 } from './dnsmasq-process.ts';
import { StepFailure } from '../handler.ts';
import type { DirectHandler, HostTools, StepOf } from '../handler.ts';
import { keepsItsGroups, startInForeground } from '../system/foreground-server.ts';
import { startJournaled } from './journaled-start.ts';
import { foldJournal } from '../leases/known-leases.ts';
import { linkLeaseScript } from './lease-script.ts';
import { compactLeases } from '../leases/leases.ts';
import { makeFolders } from '../system/make-folders.ts';
import { childrenOf, endProcess, findProcesses, signal } from '../system/process-table.ts';
import type { ProcessEntry } from '../system/process-table.ts';
import { upstreamServers } from './resolv-conf.ts';
import { replaceText, settleText } from '../system/small-files.ts';

/** One dnsmasq a network, found again by its folder and by its environment. */
export const dnsmasq: DirectHandler<'dnsmasq'> = {
  observe: observeDnsmasq,

  async execute(steps, tools) {
    const queue = steps.map((step, index) => ({ step, index }));
    const failures: StepFailure[] = [];
    const served = steps.flatMap(({ after }) => (after && readsServers(after.conf) ? [after.bridge] : []));
    const servers = upstreamServers(served, tools); // asked for while files are written
    servers.catch(() => undefined); // told to the step that needs it
    const worker = async (): Promise<void> => {
      for (let next = queue.shift(); next && failures.length === 0; next = queue.shift()) {
        try {
          await executeOne(next.step, servers, tools);
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

/** Looks before anything is changed whether a server that the steps start can be started. @throws VirtnetError VNH002 as its step would. */
export function checkServer(steps: readonly Step[]): void {
  const starts = ({ kind, op, changed }: Step): boolean =>
    kind === 'dnsmasq' && (op === 'create' || (op === 'change' && startsAnew(changed)));
  if (steps.some(starts) && !isInstalled('dnsmasq')) throw notInstalled('dnsmasq');
}

/** True where a server must be started for the change; for others the one that runs reads its files anew. */
function startsAnew(changed: readonly string[]): boolean {
  return changed.some((field) => field === 'conf' || field === 'process' || field === 'bridge');
}

async function executeOne(step: StepOf<'dnsmasq'>, upstream: Promise<(bridge: string) => string>, tools: HostTools): Promise<void> {
  const r = step.after ?? step.before;
  if (!r) return;
  const files = dnsmasqFiles(tools.paths, r.owner.network);
  if (step.op === 'delete' || !step.after) {
    await stop(r.owner.network, files, tools);
    await foldJournal(files, r.bridge).catch(() => undefined); // the network ends, whatever the disk has room for
    await rm(files.folder, { recursive: true, force: true });
    return;
  }
  const entry = runningFrom(files, r.owner.network, tools.proc);
  const isRunning = entry?.environment.get(CONF) === sha256(r.conf) && !isHalted(entry);
  const needsStart = !isRunning || startsAnew(step.changed);
  makeFolders(files.folder, 0o755);
  makeFolders(dirname(files.leases), 0o755);
  linkLeaseScript(tools.paths);
  settleText(files.conf, r.conf);
  settleText(files.hosts, r.hosts);
  settleText(files.addnHosts, r.addnHosts);
  const servers = readsServers(r.conf) ? (await upstream)(r.bridge) : '';
  if (readsServers(r.conf)) settleText(files.servers, servers);
  if (step.after.process === 'dead') {
    await stop(r.owner.network, files, tools, 'all');
    return;
  }
  const isClosed = closedFolder(tools.paths.runDir) !== undefined;
  let pid = entry?.pid ?? 0;
  if (needsStart) {
    if (step.before) await stop(r.owner.network, files, tools, step.before.process === 'current' ? 'server' : 'all');
    else rmSync(files.pid, { force: true });
    await foldJournal(files, r.bridge).catch(() => undefined); // as well as the disk lets it
    if (sizeOf(files.leases) > 0) await compactLeases(files.leases).catch(() => false);
    pid = await startAfresh(r, files, tools);
  } else signal(pid, 'SIGHUP');
  replaceText(markerFile(files), marker(pid, { hosts: r.hosts, addnHosts: r.addnHosts, servers }, isClosed));
}

/**
 * Ends this network's dnsmasq: the one of the pid file, and where that is gone or wrong (or `all` is asked for) every process that its
 * environment says is this network's. A server's helper ends after it, when it has written down the leases that it was told of. That is
 * waited for: the next server asks for them at its start, and the log of a network that is gone must not come back.
 */
async function stop(network: string, files: DnsmasqFiles, tools: HostTools, which: 'server' | 'all' = 'server'): Promise<void> {
  const isIts = (p: ProcessEntry): boolean => p.environment.get(NETWORK) === network;
  const end = (pid: number): Promise<void> => endProcess(pid, isIts, tools.proc, () => sizeOf(files.leases));
  const entry = runningFrom(files, network, tools.proc);
  const helpers = entry && which === 'server' ? childrenOf(entry.pid, tools.proc) : undefined;
  if (entry) await end(entry.pid);
  if (helpers) for (const pid of helpers) await end(pid);
  else for (const p of findProcesses(NETWORK, tools.proc).filter(isIts)) await end(p.pid);
  await rm(files.pid, { force: true });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Where nothing was seen to run, a process may still hold the address (its files are gone): it is looked for only when the start fails. */
async function startAfresh(r: DnsmasqResource, files: DnsmasqFiles, tools: HostTools): Promise<number> {
  for (let wait = FIRST_WAIT_MS; ; wait *= 2) {
    try {
      return await start(r, files, tools);
    } catch (error) {
      const isTaken = error instanceof VirtnetError && /Address already in use/.test(error.message);
      const strays = findProcesses(NETWORK, tools.proc).filter((p) => p.environment.get(NETWORK) === r.owner.network);
      if ((strays.length === 0 && !isTaken) || wait > LAST_WAIT_MS) throw error;
      if (strays.length > 0) await stop(r.owner.network, files, tools, 'all');
      // The helper of one that was stopped in its first moments has its sockets for a while longer.
      else await sleep(wait);
    }
  }
}

/** Milliseconds between tries; in all under half a second before somebody else's server is told. */
const FIRST_WAIT_MS = 30;
const LAST_WAIT_MS = 240;

/** @throws VirtnetError VNH005 with dnsmasq's own words, VNH002 when it is not installed. */
async function start(r: DnsmasqResource, files: DnsmasqFiles, tools: HostTools): Promise<number> {
  // In another locale dnsmasq takes no name of other letters than those of ASCII.
  const environment = { [NETWORK]: r.owner.network, [CONF]: sha256(r.conf), [LEASES]: files.leases, LC_ALL: 'C.UTF-8' };
  const argv = ['dnsmasq', `--conf-file=${files.conf}`] as const;
  const result = await startJournaled(argv, r.conf, files, (words) =>
    keepsItsGroups() ? startInForeground(words, environment, files) : tryRun(words, { env: environment }),
  );
  if (result.code !== 0) {
    const words = result.stderr.trim().replace(/^dnsmasq: /, '');
    throw new VirtnetError({
      code: 'VNH005',
      message: `dnsmasq did not start on '${r.bridge}': ${words === '' ? 'no reason given' : words}`,
      hint: hintFor(words, files),
      details: { argv: result.argv, exitCode: result.code ?? null, stderr: result.stderr, network: r.owner.network },
    });
  }
  const entry = runningFrom(files, r.owner.network, tools.proc);
  return entry?.pid ?? 0;
}

function hintFor(words: string, files: DnsmasqFiles): string {
  if (/Address already in use/.test(words))
    return 'another DNS or DHCP server holds the address: stop it, or make it bind to its own interfaces only';
  const folder = /TFTP directory (\S+) inaccessible: No such file/.exec(words)?.[1];
  if (/bad option|unsupported option|extraneous parameter|illegal repeated keyword/.test(words))
    return `see the line in '${files.conf}': the last ones are the document's own (dnsmasq:options), all others need dnsmasq 2.69 or later`;
  if (folder !== undefined) return `make the folder: mkdir -p ${folder}`;
  return 'the words are those of dnsmasq; see `virtnet explain VNH005`';
}
