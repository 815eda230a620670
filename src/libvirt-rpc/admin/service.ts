import type { Socket } from 'node:net';
import type { RpcServer } from '../server.ts';

/** Who is at the other end of a unix socket. */
export interface Peer {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  /** Absent where the host knows no name. */
  readonly user?: string;
  readonly group?: string;
}

/** libvirt's levels of a log: 1 debug, 2 info, 3 warning, 4 error. */
export type LogPriority = 1 | 2 | 3 | 4;

/** The daemon's log, as far as it may be set while it runs. */
export interface AdminLog {
  /** The least important lines that are written. */
  priority: LogPriority;
  /** What it was started with. */
  readonly initial: LogPriority;
  /** libvirt's names of where it writes, the first as it is told. */
  readonly destinations: readonly [string, ...string[]];
}

/** What the admin program is about. */
export interface AdminService {
  /** As `major * 1000000 + minor * 1000 + micro`. */
  readonly libvirtVersion: number;
  /** By name, in the order in which they are listed. */
  readonly servers: ReadonlyMap<string, RpcServer>;
  readonly log: AdminLog;
  /** Undefined where it cannot be found out, as in another network namespace. */
  readonly peer: (socket: Socket) => Promise<Peer | undefined>;
  /** Ends the daemon; the networks go on. May be called again. */
  readonly shutdown: () => void;
}
