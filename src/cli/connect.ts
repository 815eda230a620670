import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NetworkDriver } from '../driver/driver.ts';

/** virtnetd's HTTP socket in the run folder. */
const SOCKET = 'virtnetd.sock';

/**
 * Opens the driver that the verbs work with. The one place to know whether it lives in this process or in a daemon: where virtnetd
 * listens in the run folder its driver is used, otherwise one of this process. Both take the same lock.
 */
export async function connect(): Promise<NetworkDriver> {
  const socket = join(process.env['VIRTNET_RUN_DIR'] ?? '/run/virtnet', SOCKET);
  if (existsSync(socket) && (await answers(socket))) {
    const { remoteDriver } = await import('../driver/remote/remote-driver.ts');
    return remoteDriver(socket);
  }
  const { openDriver } = await import('../driver/open.ts');
  return openDriver();
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
