import { readFileSync, readlinkSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tryRun } from '../tools/command.ts';

/** The process at the other end of a unix socket, with its effective user and group. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Absent where the host knows no name. */
  readonly user?: string;
  readonly group?: string;
}

/**
 * Who is connected to this process by a unix socket, as ss(8) and /proc tell it now: Node has no SO_PEERCRED (unix(7)). Undefined where that
 * does not come out: the other end was made in another network namespace, or its process has ended.
 */
export async function peerOf(socket: Socket): Promise<Peer | undefined> {
  const inode = inodeOf(socket);
  const sockets = inode === undefined ? undefined : await tryRun(['ss', '-x', '-H', '-n', '-p']).catch(() => undefined);
  const pid = sockets?.code === 0 ? pidOfPeer(sockets.stdout, inode ?? '') : undefined;
  if (pid === undefined) return undefined;
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const uid = effective(status, 'Uid');
    const gid = effective(status, 'Gid');
    const [user, group] = await Promise.all([nameOf('passwd', uid), nameOf('group', gid)]);
    return { pid, uid, gid, ...(user === undefined ? {} : { user }), ...(group === undefined ? {} : { group }) };
  } catch {
    return undefined; // it has ended
  }
}

/** The number of a socket of this process, `12345` of `socket:[12345]`. */
function inodeOf(socket: Socket): string | undefined {
  const { fd = -1 } = (socket as unknown as { _handle?: { fd?: number } | null })._handle ?? {};
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${fd}`))?.[1];
  } catch {
    return undefined;
  }
}

/** Rows are `TYPE STATE RECV SEND LOCAL-ADDRESS INODE PEER-ADDRESS PEER-INODE users:(("NAME",pid=N,fd=N))`; an address may have blanks. */
export function pidOfPeer(rows: string, inode: string): number | undefined {
  const row = rows.split('\n').find((r) => new RegExp(String.raw` ${inode} +users:\(\(`).test(r));
  const pid = row === undefined ? undefined : /,pid=(\d+),fd=\d+\)\)?/.exec(row)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

/** proc_pid_status(5): real, effective, saved and file system id. */
function effective(status: string, field: 'Uid' | 'Gid'): number {
  return Number(new RegExp(String.raw`^${field}:\t\d+\t(\d+)`, 'm').exec(status)?.[1]);
}

async function nameOf(database: 'passwd' | 'group', id: number): Promise<string | undefined> {
  const found = await tryRun(['getent', database, String(id)]).catch(() => undefined);
  return found?.code === 0 ? found.stdout.split(':')[0] : undefined;
}
