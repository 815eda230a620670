import type { NetworkDriver, NetworkInfo } from '../driver/driver.ts';
import type { Network } from '../network/network.ts';

/** What the stored definition of a network says. */
export async function storedNetwork(driver: Pick<NetworkDriver, 'xml'>, { uuid }: Pick<NetworkInfo, 'uuid'>): Promise<Network> {
  const { parseNetwork } = await import('../network/read.ts');
  return parseNetwork(await driver.xml({ uuid }, { inactive: true }));
}
