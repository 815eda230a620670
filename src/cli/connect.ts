import { join } from 'node:path';
import type { NetworkDriver } from '../driver/driver.ts';

/** Opens the driver that the verbs work with. The one place to know whether it lives in this process or in a daemon. */
export async function connect(): Promise<NetworkDriver> {
  const { remoteDriver } = await import('../driver/remote/remote-driver.ts');
  return remoteDriver(join(process.env['VIRTNET_RUN_DIR'] ?? '/run/virtnet', 'http.sock'));
}
