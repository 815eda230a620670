import { join } from 'node:path';
import type { LocalNetworkDriver, NetworkDriver } from '../driver/driver.ts';
import { keepWatchdogQuiet, notifyServiceManager } from '../host/system/service-manager.ts';
import { peerOf } from '../host/system/peer.ts';
import { adminCalls } from '../libvirt-rpc/admin/calls.ts';
import type { AdminLog } from '../libvirt-rpc/admin/service.ts';
import { activatedSockets, groupId, SOCKET_NAMES } from '../libvirt-rpc/listeners.ts';
import { LIBVIRT_VERSION, RpcServer } from '../libvirt-rpc/server.ts';
import { stepsInWords, type Log } from './log.ts';
import type { DaemonOptions } from './options.ts';
import { inSocketFolder } from './socket-folder.ts';
import { VirtnetError } from '../base/errors.ts';

/** Parts of the daemon that start after the sockets are open and end before they close. Each gives the function that ends it. */
export type DaemonPart = (driver: NetworkDriver, log: Log) => Promise<() => Promise<void> | void>;

export interface DaemonParts {
  readonly options: DaemonOptions;
  readonly driver: LocalNetworkDriver;
  readonly log: Log;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly pid: number;
  readonly portXml: ConstructorParameters<typeof RpcServer>[0]['portXml'];
  /** What an administrator may set of the log (virt-admin(1)). */
  readonly logSettings: AdminLog;
  /** Called when an administrator asks for the daemon's end. */
  readonly shutdown: () => void;
  /** The HTTP face and the watch, in the order of their start. */
  readonly parts: readonly DaemonPart[];
}

/** A daemon that serves. */
export interface Daemon {
  /** Answers what runs, ends the parts in reverse order, closes the sockets. The networks go on. */
  stop(): Promise<void>;
  /** Looks at all networks and puts right what is not as it should be. Never fails: what cannot be mended is logged. */
  reload(): Promise<void>;
}

/**
 * Starts everything that needs a process: first the autostart networks (a client that connects then finds them), then the parts, then
 * libvirt's sockets. Fails as a whole when one of these cannot start; a network that does not start is only logged.
 */
export async function startDaemon(daemon: DaemonParts): Promise<Daemon> {
  const { driver, log, options } = daemon;
  const libvirts = driver.withLibvirtsDevices();
  const ends: (() => Promise<void> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    ends.push(logEvents(driver, log));
    await (options.autostart ? autostart(libvirts, log) : settle(driver, log));
    for (const part of daemon.parts) ends.push(await part(driver, log));
    const servers = libvirtServers(libvirts, daemon);
    ends.push(() => servers.admin.close());
    ends.push(() => servers.virtnetworkd.close());
    await openSockets(servers, daemon);
  } catch (error) {
    await stop();
    throw error;
  }
  ends.push(keepWatchdogQuiet(daemon.env, daemon.pid));
  await notifyServiceManager(daemon.env, 'ready');
  return {
    stop: async () => {
      await notifyServiceManager(daemon.env, 'stopping');
      await stop();
    },
    reload: async () => {
      await notifyServiceManager(daemon.env, 'reloading');
      await reload(driver, log);
      await notifyServiceManager(daemon.env, 'ready');
    },
  };
}

/** libvirt's names of what a network daemon serves; `virt-admin` lists them. */
interface LibvirtServers {
  readonly admin: RpcServer;
  readonly virtnetworkd: RpcServer;
}

function libvirtServers(driver: NetworkDriver, { portXml, log, logSettings, shutdown }: DaemonParts): LibvirtServers {
  const options = { driver, portXml, onNotice: (message: string, fields: object) => log('notice', message, { ...fields }) };
  const servers = new Map<string, RpcServer>();
  const calls = adminCalls({ libvirtVersion: LIBVIRT_VERSION, servers, log: logSettings, peer: peerOf, shutdown });
  const both = { admin: new RpcServer({ ...options, calls, unauthenticatedMax: 0 }), virtnetworkd: new RpcServer(options) };
  for (const [name, server] of Object.entries(both)) servers.set(name, server);
  return both;
}

async function openSockets({ admin, virtnetworkd }: LibvirtServers, { options, env, pid, log }: DaemonParts): Promise<void> {
  const activated = activatedSockets(env, pid);
  const isActivated = Object.values(activated).some((sockets) => sockets.length > 0);
  const gid = options.socketGroup === undefined ? undefined : requiredGroup(options.socketGroup);
  const path = (purpose: keyof typeof SOCKET_NAMES): string => join(options.libvirtSockets, SOCKET_NAMES[purpose]);
  const readWrite = { path: path('readWrite'), mode: gid === undefined ? 0o600 : 0o660 };
  const own: typeof activated = {
    readWrite: [gid === undefined ? readWrite : { ...readWrite, gid }],
    readOnly: [{ path: path('readOnly'), mode: 0o666 }],
    admin: [{ path: path('admin'), mode: 0o600 }],
  };
  const open = async (sockets: typeof activated): Promise<void> => {
    for (const listener of sockets.readWrite) await virtnetworkd.listen(listener, 'read-write');
    for (const listener of sockets.readOnly) await virtnetworkd.listen(listener, 'read-only');
    for (const listener of sockets.admin) await admin.listen(listener, 'read-write');
  };
  await (isActivated ? open(activated) : inSocketFolder(options.libvirtSockets, '--libvirt-sockets', () => open(own)));
  log('info', 'serving libvirt clients', isActivated ? { from: 'service manager' } : { folder: options.libvirtSockets });
}

function requiredGroup(name: string): number {
  const gid = groupId(name);
  if (gid !== undefined) return gid;
  throw new VirtnetError({ code: 'VNU001', message: `there is no group '${name}'`, hint: 'make the group, or leave --socket-group out' });
}

async function autostart(driver: NetworkDriver, log: Log): Promise<void> {
  try {
    const { networks, plan } = await driver.autostart();
    for (const { severity, message, code } of plan.diagnostics) if (severity === 'error') log('error', message, { code });
    if (networks.length > 0) log('info', 'autostart', { networks: networks.map((n) => n.name).join(',') });
  } catch (error) {
    log('error', 'autostart failed', { error: error instanceof Error ? error.message : String(error) });
  }
}

async function settle(driver: LocalNetworkDriver, log: Log): Promise<void> {
  try {
    await driver.settle();
  } catch (error) {
    log('error', 'a look at the definitions failed', { error: error instanceof Error ? error.message : String(error) });
  }
}

async function reload(driver: NetworkDriver, log: Log): Promise<void> {
  try {
    const { plan, applied } = await driver.repair();
    log('info', 'looked at all networks', applied ? { steps: stepsInWords(plan.steps) } : {});
  } catch (error) {
    log('error', 'a look at all networks failed', { error: error instanceof Error ? error.message : String(error) });
  }
}

function logEvents(driver: NetworkDriver, log: Log): () => void {
  return driver.on((event) => {
    const about = { network: event.name, uuid: event.uuid };
    if (event.type === 'lifecycle') {
      log('info', `network ${event.event}`, about);
      for (const { message, code } of event.warnings ?? []) log('warning', message, { network: event.name, code });
    }
    if (event.type === 'port')
      log('info', `port ${event.event}`, { ...about, port: event.port, guest: event.guest, mac: event.mac, dev: event.dev });
    if (event.type === 'updated') log('info', 'network updated', about);
    if (event.type === 'metadata') log('debug', 'metadata changed', { ...about, item: event.item });
    if (event.type === 'repaired') {
      const own = event.plan.steps.filter((s) => (s.after ?? s.before)?.owner?.network === event.uuid);
      log('warning', 'network repaired', { ...about, steps: stepsInWords(own) });
    }
  });
}
