import type { NetworkDriver } from '../driver/driver.ts';

/** Opens the driver that the verbs work with. The one place to know whether it lives in this process or in a daemon. */
export async function connect(): Promise<NetworkDriver> {
  const { openDriver } = await import('../driver/open.ts');
  return openDriver();
}
