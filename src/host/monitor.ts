import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { forgetServices } from './capabilities.ts';
import { namesIn } from './system/folder-names.ts';
import { cleanEnvironment } from './tools/command.ts';
import { processStat } from './tools/process-stat.ts';

/** Something changed on the host; what exactly is for the next observation to say. */
export type HostEvent =
  | { readonly kind: 'device'; readonly dev: string; readonly summary: string }
  /** It concerns all networks (the host forwards nothing any more), or nobody knows which: events were lost. */
  | { readonly kind: 'host'; readonly summary: string }
  /**
   * `network` is the uuid whose chain or map entry it was; absent when the table itself or another part changed. `whole`: the table is gone.
   * `firewalld`: it was the table of firewalld.
   */
  | { readonly kind: 'firewall'; readonly network?: string; readonly whole?: true; readonly firewalld?: true; readonly summary: string }
  | { readonly kind: 'dnsmasq'; readonly network: string; readonly summary: string };

/** How often dnsmasq processes are looked at: they are nobody's children, so nothing else tells of their end. Milliseconds. */
const PROCESS_POLL_MS = 250;
/** Every so many of these looks one asks as well whether a process that is there has ended without being reaped, which takes a file each. */
const REAPED_EVERY = 4;
/** A monitor that ends is started again after this long; one that ends at once, as where its program is missing, after ever longer. Milliseconds. */
const RESTART_MS = 1000;
const LONGEST_RESTART_MS = 60_000;

/**
 * Reports changes of links, addresses, routes and forwarding (`ip monitor`), of queues (`tc monitor`), of static forwarding entries (`bridge monitor`),
 * of the table `inet virtnet` (`nft -j monitor`) and the end of dnsmasq processes (by their pid files below `${runDir}/dnsmasq`). Includes the
 * changes that virtnet makes itself.
 * @returns the function that ends it and its child processes.
 */
export function monitorHost(runDir: string, listener: (event: HostEvent) => void): () => void {
  const tell = (events: readonly HostEvent[]): void => {
    for (const event of events) listener(event);
  };
  const ends = [
    follow(['ip', '-o', 'monitor', 'link', 'address', 'route', 'netconf'], deviceEvents, tell),
    follow(['tc', 'monitor'], queueEvents, tell),
    follow(['bridge', 'monitor', 'fdb'], entryEvents, tell),
    follow(['nft', '-j', 'monitor'], firewallEvents, (events) => {
      if (events.some((event) => event.kind === 'firewall' && event.firewalld)) forgetServices();
      tell(events);
    }),
    pollDnsmasq(join(runDir, 'dnsmasq'), listener),
  ];
  return () => {
    for (const end of ends) end();
  };
}

/**
 * A line of `ip -o monitor`: `[Deleted ]INDEX: DEV[@PEER]...` for links and addresses, `... dev DEV ...` for routes,
 * `inet|inet6 DEV|all|default ... forwarding on|off` for what the kernel forwards.
 */
export function deviceEvents(line: string): readonly HostEvent[] {
  const summary = line.replace(/\s+/g, ' ').trim();
  const closed = /^inet6? (?:dev )?(\S+) .*\bforwarding off\b/.exec(line)?.[1];
  if (closed === 'all') return [{ kind: 'host', summary }];
  const dev = closed ?? /^(?:Deleted )?\d+: ([^\s:@]+)/.exec(line)?.[1] ?? /\bdev (\S+)/.exec(line)?.[1];
  return dev === undefined ? [] : [{ kind: 'device', dev, summary }];
}

/** A line of `tc monitor`: `[added |deleted |replaced ]qdisc|class|filter ... dev DEV ...`, with details in lines of their own below. */
export function queueEvents(line: string): readonly HostEvent[] {
  const dev = /^(?:\w+ )?(?:qdisc|class|filter) .*?\bdev (\S+)/.exec(line)?.[1];
  return dev === undefined ? [] : [{ kind: 'device', dev, summary: line.trim() }];
}

/**
 * A line of `bridge monitor fdb`: `[Deleted ]MAC dev DEV ... static` for an entry that somebody made or took away; others a bridge learns and
 * forgets.
 */
export function entryEvents(line: string): readonly HostEvent[] {
  const dev = /^Deleted \S+ dev (\S+) .*\bstatic\b/.exec(line)?.[1];
  return dev === undefined ? [] : [{ kind: 'device', dev, summary: line.trim() }];
}

const CHAIN = /^n_([0-9a-f]{8})_([0-9a-f]{4})_([0-9a-f]{4})_([0-9a-f]{4})_([0-9a-f]{12})_/;

/**
 * A line of `nft -j monitor`: `{"add"|"insert"|"delete": {OBJECT: {"table": ..., ...}}}`, or `# ERROR: ...` where events were lost. Other tables'
 * are not ours to mend; but where firewalld makes its table anew, it was reloaded or started, and has forgotten which zones the bridges are in;
 * where it takes it away, it ends.
 */
export function firewallEvents(line: string): readonly HostEvent[] {
  if (line.startsWith('# ERROR')) return lost(line);
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    // nft 1.0.6 does not end the line of a table with flags.
    return line.includes('"virtnet"') ? [{ kind: 'firewall', summary: 'a table that has flags' }] : [];
  }
  return Object.entries(parsed as Record<string, Record<string, Record<string, unknown>>>).flatMap(([op, body]) =>
    Object.entries(body).flatMap(([type, object]): readonly HostEvent[] => {
      const table = type === 'table' ? object['name'] : object['table'];
      if (object['family'] !== 'inet') return [];
      if (table === 'firewalld' && type === 'table')
        return [
          { kind: 'firewall', firewalld: true, summary: op === 'add' ? 'firewalld made its rules anew' : 'firewalld took its rules away' },
        ];
      if (table !== 'virtnet') return [];
      const text = JSON.stringify(object);
      const names = type === 'chain' ? [object['name']] : [object['chain'], /"target": ?"([^"]+)"/.exec(text)?.[1]];
      const match = names.map((name) => (typeof name === 'string' ? CHAIN.exec(name) : null)).find((m) => m !== null);
      const network = match?.slice(1, 6).join('-');
      const whole = op === 'delete' && type === 'table' ? ({ whole: true } as const) : {};
      return [{ kind: 'firewall', summary: `${op} ${type}`, ...whole, ...(network === undefined ? {} : { network }) }];
    }),
  );
}

/**
 * Becomes a command that ends with the process that it serves, whose end closes its stdin: a monitor of a process that was killed would notice
 * at the next event, which may never come.
 */
const FOLLOWER = 'exec 3<&0; (read -r end <&3; kill "$$") >/dev/null 2>&1 & exec "$@" </dev/null 3<&-';

/**
 * Runs a command and hands on what its lines mean; starts it again when it ends by itself. Nobody tells of what happened meanwhile, nor of what
 * did not fit into the socket's buffer, which the tools of iproute2 say on stderr.
 */
function follow(
  argv: readonly string[],
  meaning: (line: string) => readonly HostEvent[],
  tell: (events: readonly HostEvent[]) => void,
): () => void {
  let child: ChildProcess | undefined;
  let again: NodeJS.Timeout | undefined;
  let pause = RESTART_MS;
  let over = false;
  const start = (): void => {
    const began = performance.now();
    child = spawn('/bin/sh', ['-c', FOLLOWER, 'virtnet-monitor', ...argv], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: cleanEnvironment(),
    });
    if (child.stdout) createInterface({ input: child.stdout }).on('line', (line) => tell(meaning(line)));
    if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => tell(LOST.test(line) ? lost(line) : []));
    child.on('error', () => undefined);
    child.stdin?.on('error', () => undefined);
    child.on('close', () => {
      if (over) return;
      const wait = performance.now() - began > LONGEST_RESTART_MS ? RESTART_MS : pause;
      pause = Math.min(2 * wait, LONGEST_RESTART_MS);
      again = setTimeout(() => {
        start();
        tell(lost(`${argv.join(' ')} ended and was started again`));
      }, wait);
    });
  };
  start();
  return () => {
    over = true;
    clearTimeout(again);
    child?.kill();
  };
}

/** What iproute2's tools say when the kernel dropped events. */
const LOST = /^netlink receive error/;

function lost(summary: string): readonly HostEvent[] {
  return [{ kind: 'host', summary }];
}

/** Tells when a process that a pid file names is gone, once per process; also of one that nobody saw run, as after a restart of ours. */
export function pollDnsmasq(folder: string, listener: (event: HostEvent) => void): () => void {
  const last = new Map<string, { readonly pid: number; readonly isGone: boolean }>();
  let looks = 0;
  const timer = setInterval(() => {
    looks++;
    const networks = new Set(namesIn(folder));
    for (const network of last.keys()) if (!networks.has(network)) last.delete(network);
    for (const [i, network] of [...networks].entries()) {
      const seen = last.get(network);
      const exists = seen?.isGone === true || (i + looks) % REAPED_EVERY === 0 ? runs : isThere;
      if (seen?.isGone === false && exists(seen.pid)) continue;
      const pid = readPid(join(folder, network, 'pid')) ?? seen?.pid;
      if (pid === undefined) continue;
      const isGone = !exists(pid);
      last.set(network, { pid, isGone });
      const isTold = seen?.isGone === true && seen.pid === pid;
      if (isGone && !isTold) listener({ kind: 'dnsmasq', network, summary: `process ${String(pid)} is gone` });
    }
  }, PROCESS_POLL_MS);
  return () => clearInterval(timer);
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8').trim());
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  } catch {
    return undefined; // its network has stopped, or has no dnsmasq
  }
}

/** True for a process that is there, be it one that has ended and that no parent has reaped. */
function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // somebody else's
  }
}

/** True for a process that runs. One that has ended and that no parent has reaped does not. */
function runs(pid: number): boolean {
  return processStat(String(pid)) !== undefined;
}
