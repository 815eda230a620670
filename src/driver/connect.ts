import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkDriver } from './driver.ts';
import { folderOf } from './folder-of.ts';
import type { OpenOptions } from './open.ts';

/** Name of virtnetd's HTTP socket in the run folder. */
export const DAEMON_SOCKET = 'virtnetd.sock';

/**
 * The driver of this host, wherever it lives: where virtnetd listens in the run folder its driver is used, with the folders that the daemon has;
 * otherwise one of this process is opened (`openDriver`). Both take the same lock, so that neither undoes what the other does.
 * A daemon that ends afterwards is not replaced: calls then reject with VND007.
 */
export async function connect(options: Omit<OpenOptions, 'host'> = {}): Promise<NetworkDriver> {
  const socket = join(folderOf('VIRTNET_RUN_DIR', options.runDir), DAEMON_SOCKET);
  if (existsSync(socket) && (await answers(socket))) {
    const { remoteDriver } = await import('./remote/remote-driver.ts');
    return remoteDriver(socket, options);
  }
  const { openDriver } = await import('./open.ts');
  return openDriver(options);
}

/** True when a process listens there. A socket that a dead daemon left, or that is not ours to use, is none. */
async function answers(path: string): Promise<boolean> {
  const { connect: connectSocket } = await import('node:net');
  return new Promise((resolve) => {
    const socket = connectSocket(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
