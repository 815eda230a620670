import { existsSync } from 'node:fs';
import { connect as dial } from 'node:net';
import { join } from 'node:path';
import type { NetworkDriver } from '../driver/driver.ts';

/** The daemon's HTTP socket in the run folder. */
const SOCKET = 'virtnetd.sock';

/**
 * Opens the driver that the verbs work with: the daemon's where one answers, else one in this process. Both are the same interface, and
 * the host's lock keeps them from getting in each other's way. `VIRTNET_DAEMON=no` leaves the daemon out.
 */
export async function connect(): Promise<NetworkDriver> {
  const socket = join(process.env['VIRTNET_RUN_DIR'] ?? '/run/virtnet', SOCKET);
  if (process.env['VIRTNET_DAEMON'] !== 'no' && existsSync(socket) && (await answers(socket))) {
    const { remoteDriver } = await import('../driver/remote/remote-driver.ts');
    return remoteDriver(socket);
  }
  const { openDriver } = await import('../driver/open.ts');
  return openDriver();
}

/** False for a socket that a killed daemon left behind, and for one that this user may not use. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = dial({ path });
    const settle = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => {
      settle(true);
    });
    socket.once('error', () => {
      settle(false);
    });
  });
}
