import { chmodSync, chownSync, lstatSync, readFileSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:net';
import { connect } from 'node:net';
import { VirtnetError } from '../base/errors.ts';

/** libvirt's names for the sockets of a network daemon. */
export const SOCKET_NAMES = { readWrite: 'virtnetworkd-sock', readOnly: 'virtnetworkd-sock-ro', admin: 'virtnetworkd-admin-sock' } as const;

/** What sockets serve: libvirt's remote program, to change or only to look, and its admin program. */
export type SocketPurpose = keyof typeof SOCKET_NAMES;

/** A socket that this process makes. */
export interface SocketPath {
  readonly path: string;
  /** File mode bits. Connecting needs write permission. */
  readonly mode: number;
  /** Numeric group; absent: the process's own. */
  readonly gid?: number;
}

/** Where a listener comes from: made here, or handed over by systemd (a file descriptor). */
export type Listener = SocketPath | { readonly fd: number };

/**
 * How many clients may wait to be let in, as in systemd's `Backlog=`; the kernel takes `net.core.somaxconn` where that is less. With Node's own
 * 511, of a thousand that come at once some get EAGAIN (listen(2), connect(2)).
 */
const BACKLOG = 4096;

/**
 * Starts listening, in a folder that is there. A socket file that nobody answers on is left over from a daemon that died, and is replaced; a live one is not.
 * The process's umask must keep group and others from writing (the daemon sets 022): until the mode is set, nobody else can connect.
 * @throws VirtnetError VNR001 when another daemon answers there, or the path is something else.
 */
export async function listen(server: Server, listener: Listener): Promise<void> {
  if ('fd' in listener) return started(server, () => server.listen({ fd: listener.fd, backlog: BACKLOG }));
  await removeStale(listener.path);
  await started(server, () => server.listen({ path: listener.path, backlog: BACKLOG }));
  if (listener.gid !== undefined) chownSync(listener.path, process.getuid?.() ?? 0, listener.gid);
  chmodSync(listener.path, listener.mode);
}

/** The id of a group of this host, if it has that group. */
export function groupId(name: string): number | undefined {
  if (/^[0-9]+$/.test(name)) return Number(name);
  const line = readFileSync('/etc/group', 'utf8')
    .split('\n')
    .find((l) => l.startsWith(`${name}:`));
  return line === undefined ? undefined : Number(line.split(':')[2]);
}

/** The sockets that systemd handed over (sd_listen_fds(3)), by what they are for; none when this process was not activated. */
export function activatedSockets(env: Readonly<Record<string, string | undefined>>, pid: number): Record<SocketPurpose, Listener[]> {
  const found: Record<SocketPurpose, Listener[]> = { readWrite: [], readOnly: [], admin: [] };
  const count = Number(env['LISTEN_FDS'] ?? 0);
  if (Number(env['LISTEN_PID']) !== pid || !Number.isInteger(count) || count < 1) return found;
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  for (let i = 0; i < count; i++) {
    found[purposeOf(names[i] ?? '')].push({ fd: FIRST_ACTIVATED_FD + i });
  }
  return found;
}

/** By systemd's name of a socket (`FileDescriptorName=`, else its unit's). */
function purposeOf(name: string): SocketPurpose {
  if (/(^|[-.])ro([.]socket)?$/.test(name)) return 'readOnly';
  return /(^|[-.])admin(-sock)?([.]socket)?$/.test(name) ? 'admin' : 'readWrite';
}

/** `SD_LISTEN_FDS_START`. */
const FIRST_ACTIVATED_FD = 3;

function started(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    start();
  });
}

async function removeStale(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  const taken = (message: string, hint: string): VirtnetError => new VirtnetError({ code: 'VNR001', message, hint, details: { path } });
  if (!stat.isSocket())
    throw taken(`'${path}' exists and is no socket`, 'move it away, or choose another folder (--libvirt-sockets, --run-dir)');
  if (await answers(path))
    throw taken(`another daemon listens on '${path}'`, 'stop it, or choose another folder (--libvirt-sockets, --run-dir)');
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (alive: boolean): void => {
      socket.destroy();
      resolve(alive);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}
