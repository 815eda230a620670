import type { NetworkDriver } from '../driver/driver.ts';

export interface LeaseUpkeepOptions {
  /** True when what a network (its uuid) keeps of leases has grown long. */
  readonly isLong: (uuid: string) => Promise<boolean>;
  /** The pause between two looks, in milliseconds. */
  readonly everyMs?: number;
}

const EVERY_MS = 60_000;

/**
 * Keeps the journals and logs of leases short where nobody asks for leases: whoever reads long ones makes them short, and this is a reader.
 * A journal that reaches its limit protects no further lease (docs/decisions/0018). A look costs a few stat(2) for each running network.
 * @returns the function that ends it.
 */
export function keepLeasesShort(
  driver: Pick<NetworkDriver, 'list' | 'leases'>,
  { isLong, everyMs = EVERY_MS }: LeaseUpkeepOptions,
): () => Promise<void> {
  let isOver = false;
  let look = Promise.resolve();
  let timer: NodeJS.Timeout;
  const schedule = (): void => {
    timer = setTimeout(() => {
      look = lookAtAll().then(() => (isOver ? undefined : schedule()));
    }, everyMs);
  };
  const lookAtAll = async (): Promise<void> => {
    // Best effort: a network that ends meanwhile, or a folder that cannot be read, is looked at again next time.
    const networks = await driver.list().catch(() => []);
    for (const { uuid } of networks.filter((n) => n.active)) {
      if (isOver) return;
      if (await isLong(uuid).catch(() => false)) await driver.leases({ uuid }).catch(() => []);
    }
  };
  schedule();
  return async () => {
    isOver = true;
    clearTimeout(timer);
    await look;
  };
}
