import type { Server } from 'node:net';
import { join } from 'node:path';
import type { Diagnostic } from '../base/diagnostic.ts';
import { isVirtnetError } from '../base/errors.ts';
import { dnsmasqFiles } from '../compile/dnsmasq-files.ts';
import type { PortRecord } from '../compile/port.ts';
import { DAEMON_SOCKET } from '../driver/connect.ts';
import { haveGrownLong } from '../driver/operations/network-leases.ts';
import { openDriver } from '../driver/open.ts';
import { knownLeases } from '../host/leases/known-leases.ts';
import { watchLeases } from '../host/leases/lease-changes.ts';
import { holdForUse } from '../host/lock/hold-for-use.ts';
import { monitorHost } from '../host/monitor.ts';
import { listenHttp } from '../http/server.ts';
import { writePort } from '../interface/port.ts';
import type { AdminLog, LogPriority } from '../libvirt-rpc/admin/service.ts';
import { listen } from '../libvirt-rpc/listeners.ts';
import type { Daemon, DaemonPart } from './daemon.ts';
import { startDaemon } from './daemon.ts';
import type { Log, LogLevel } from './log.ts';
import { createLog, inBursts, levelOfPriority, libvirtPriorities } from './log.ts';
import { keepLeasesShort } from './lease-upkeep.ts';
import { keepNssFiles } from './nss-files.ts';
import type { DaemonOptions } from './options.ts';
import { daemonCommand } from './options.ts';
import { inSocketFolder } from './socket-folder.ts';
import { watch } from './watch.ts';

const VERSION = process.env['VIRTNET_VERSION'] ?? '0.0.0';

/** Longer than a client's pause between two calls, shorter than anybody notices who waits for the lock. */
const KEEP_LOCK_MS = 20;

/** Shorter than anybody notices who reads along. */
const LOG_BURST_MS = 50;

/** Tells of another virtnetd that has the same definitions, or works on the same network: the lock keeps them apart only where the run folder is one. */
function soleUsePart({ configDir }: DaemonOptions): DaemonPart {
  return (_driver, log) => {
    const told = (message: string) => () =>
      log('warning', message, { hint: 'end one of the two, or give them one namespace and one config folder each' });
    const ends = [
      holdForUse(configDir, told(`another virtnetd uses '${configDir}': of two changes at the same moment the later one wins`)),
      holdForUse('/proc/self/ns/net', told('another virtnetd works in this network namespace: each takes what the other runs for damage')),
    ];
    return Promise.resolve(() => ends.forEach((end) => end()));
  };
}

/** The HTTP face on its own socket, for this user alone. */
function httpPart({ runDir }: DaemonOptions): DaemonPart {
  const open = (server: Server): Promise<void> => listen(server, { path: join(runDir, DAEMON_SOCKET), mode: 0o600 });
  return (driver) => inSocketFolder(runDir, '--run-dir', () => listenHttp(driver, open));
}

/** Repairs what others damage, as soon as the host tells of it. */
function watchPart(options: DaemonOptions): DaemonPart {
  return (driver, log) => Promise.resolve(watch(driver, (listener) => monitorHost(options.runDir, listener), { log, firstLook: true }));
}

/** Keeps what is written of leases short where nobody reads it. */
function leasePart(paths: DaemonOptions): DaemonPart {
  return (driver) => Promise.resolve(keepLeasesShort(driver, { isLong: (uuid) => haveGrownLong(dnsmasqFiles(paths, uuid)) }));
}

/** Lets libvirt's NSS modules answer for the guests of these networks. */
function nssPart(paths: DaemonOptions, folder: string): DaemonPart {
  const leases = async (uuid: string) => (await knownLeases(dnsmasqFiles(paths, uuid))).records;
  return (driver, log) =>
    Promise.resolve(keepNssFiles(driver, { folder, leases, watchLeases: (listener) => watchLeases(paths, listener), log }));
}

async function run(options: DaemonOptions): Promise<void> {
  const { env } = process;
  // Whoever read what is logged may end: nothing is written then, and the networks are looked after all the same.
  process.stderr.on('error', () => undefined);
  const bursts = inBursts({ ms: LOG_BURST_MS, write: (text) => process.stderr.write(text) });
  process.on('exit', bursts.flush);
  const settings = { write: bursts.write, level: options.logLevel, journal: env['JOURNAL_STREAM'] !== undefined, clock: () => new Date() };
  const log = createLog(settings);
  // Sockets get their modes after they are made; until then only this user may use them.
  process.umask(0o022);
  const own = { ...env };
  // What the service manager told this process is not for its children.
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC'])
    Reflect.deleteProperty(env, name);
  let daemon: Daemon | undefined;
  // From the first moment on: one that is told to end while it starts what is marked autostart ends when it has.
  const { ended, shutdown } = ending(() => void daemon?.reload());
  try {
    const { configDir, stateDir, runDir, nssDir } = options;
    const onRefused = (error: unknown): void => tell(log, error);
    const onPutBack = ({ message, code, hint }: Diagnostic): void => log('warning', message, { code, hint });
    await using driver = await openDriver({
      configDir,
      stateDir,
      runDir,
      keepLockMs: KEEP_LOCK_MS,
      onRefused,
      onPutBack,
      daemon: { version: VERSION, pid: process.pid },
    });
    const wanted = [...(nssDir === undefined ? [] : [nssPart(options, nssDir)]), ...(options.watch ? [watchPart(options)] : [])];
    const parts = [httpPart(options), soleUsePart(options), leasePart(options), ...wanted];
    const faces = { portXml: ({ port }: PortRecord) => writePort(port), logSettings: adminLog(settings), shutdown };
    daemon = await startDaemon({ options, driver, log, env: own, pid: process.pid, parts, ...faces });
    await ended;
    log('info', 'ending; the networks go on');
    await daemon.stop();
  } catch (error) {
    tell(log, error);
    process.exitCode = 1;
  }
}

/** `ended` resolves at SIGTERM, SIGINT or `shutdown`; a second signal ends the process at once, as is usual. SIGHUP reloads. */
function ending(reload: () => void): { readonly ended: Promise<void>; readonly shutdown: () => void } {
  let shutdown = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    shutdown = resolve;
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve());
    process.on('SIGHUP', reload);
  });
  return { ended, shutdown };
}

/** The log as libvirt's administrators know one. */
function adminLog(settings: { level: LogLevel; readonly journal: boolean }): AdminLog {
  const { level } = settings;
  const initial = libvirtPriorities[level];
  return {
    initial,
    destinations: settings.journal ? ['journald', 'stderr'] : ['stderr'],
    get priority(): LogPriority {
      return libvirtPriorities[settings.level];
    },
    set priority(priority) {
      settings.level = priority === initial ? level : levelOfPriority(priority);
    },
  };
}

function tell(log: Log, error: unknown): void {
  const fields = isVirtnetError(error) ? { code: error.code, hint: error.hint } : {};
  log('error', error instanceof Error ? error.message : String(error), fields);
}

// Not awaited here: the bundle is CommonJS, which takes what V8 made of it (scripts/lib/start.cjs).
void daemonCommand(VERSION, run).parseAsync();
