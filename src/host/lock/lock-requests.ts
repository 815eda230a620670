import type { FSWatcher } from 'node:fs';
import { existsSync, rmSync, watch } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** Milliseconds between two looks for somebody who can be asked. */
const LOOK_MS = 20;

/** Longest path of a unix socket in bytes (unix(7)); libuv cuts a longer one. */
const MAX_PATH = 107;

/** Whoever keeps a lock listens here; who is connected waits for it. Undefined where there is no room for such a path: such a lock is not kept for long. */
function requestPath(lock: string): string | undefined {
  const path = `${lock}.ask`;
  return Buffer.byteLength(path) > MAX_PATH ? undefined : path;
}

/** Asks whoever keeps this lock to give it up, until the returned function is called. One that is killed has nobody to ask, and no lock. */
export function askFor(lock: string): () => void {
  const path = requestPath(lock);
  let socket: Socket | undefined;
  const ask = (): void => {
    if (path === undefined || socket !== undefined || !existsSync(path)) return;
    const gone = (): void => {
      socket = undefined;
    };
    socket = connect(path).on('error', gone).on('close', gone);
  };
  ask();
  const timer = setInterval(ask, LOOK_MS);
  return () => {
    clearInterval(timer);
    socket?.destroy();
  };
}

/** What other processes ask of the one that keeps a lock. Keeps no process alive. */
export class LockRequests {
  readonly #server: Server;
  readonly #waiting = new Set<Socket>();
  #watcher: FSWatcher | undefined;
  /** When the first of those who wait now asked, as `performance.now()` says; undefined when nobody waits. */
  since: number | undefined;

  /** Only for the holder of the lock: what a killed one left in the way is removed. Where nobody could be heard it is as if somebody asked. */
  constructor(lock: string, onAsk: () => void) {
    const path = requestPath(lock);
    this.#server = createServer((socket) => {
      socket.unref();
      this.since ??= performance.now();
      this.#waiting.add(socket);
      const gone = (): void => {
        this.#waiting.delete(socket);
        if (this.#waiting.size === 0) this.since = undefined;
      };
      socket.on('error', gone).on('close', gone);
      socket.resume();
      onAsk();
    });
    const unheard = (): void => {
      this.since = performance.now();
      onAsk();
    };
    if (path === undefined) setImmediate(unheard);
    else {
      try {
        rmSync(path, { force: true });
      } catch {
        // then nobody can listen there
      }
      this.#server.on('error', unheard).listen(path).unref();
      this.#watcher = watching(path, () => existsSync(path) || unheard());
    }
  }

  /** Before the lock is given up. */
  close(): void {
    this.#watcher?.close();
    this.#server.close();
    for (const socket of this.#waiting) socket.destroy();
  }
}

/** Somebody may remove the socket: nobody could ask then. */
function watching(path: string, onEvent: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(path, { persistent: false }, onEvent);
    return watcher.on('error', () => watcher.close());
  } catch {
    return undefined; // it could not be made, or this user has no inotify instance left
  }
}
