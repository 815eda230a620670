import { isVirtnetError } from '../base/errors.ts';
import type { NetworkDriver, NetworkInfo } from '../driver/driver.ts';
import { isShaperName, shaperNames } from '../host/marks.ts';

/** Which running network a device belongs to: their bridges and their guests' devices. Beside any number of networks it looks at those that changed. */
export class RunningDevices {
  readonly #driver: Pick<NetworkDriver, 'list' | 'get' | 'ports'>;
  readonly #devices = new Map<string, readonly string[]>();
  readonly #changed = new Set<string>();
  #knowsAll = false;
  /** The last look that was asked for. */
  #last: Promise<void> = Promise.resolve();

  constructor(driver: Pick<NetworkDriver, 'list' | 'get' | 'ports'>) {
    this.#driver = driver;
  }

  /** Something of this network (its uuid) is not as it was. */
  changed(network: string): void {
    this.#changed.add(network);
  }

  /** This and the others reject where the files cannot be read. */
  async some(): Promise<boolean> {
    return (await this.all()).length > 0;
  }

  /** Their uuids. */
  async all(): Promise<readonly string[]> {
    await this.#look();
    return [...this.#devices.keys()];
  }

  async networkOf(device: string): Promise<string | undefined> {
    await this.#look();
    const isIts = isShaperName(device) ? (dev: string) => shaperNames(dev).includes(device) : (dev: string) => dev === device;
    for (const [network, devices] of this.#devices) if (devices.some(isIts)) return network;
    return undefined;
  }

  /** One after the other: who asks while another look is under way waits for what that learns. One that fails is made again by the next. */
  #look(): Promise<void> {
    const look = (): Promise<void> => this.#lookNow();
    return (this.#last = this.#last.then(look, look));
  }

  async #lookNow(): Promise<void> {
    if (!this.#knowsAll) {
      this.#changed.clear();
      for (const network of await this.#driver.list()) await this.#note(network);
      this.#knowsAll = true;
    }
    for (const uuid of [...this.#changed]) {
      this.#changed.delete(uuid);
      await this.#lookAt(uuid).catch((error: unknown) => {
        this.#changed.add(uuid);
        throw error;
      });
    }
  }

  async #lookAt(uuid: string): Promise<void> {
    const network = await this.#driver.get({ uuid }).catch(gone);
    if (network) await this.#note(network);
    else this.#devices.delete(uuid);
  }

  async #note({ uuid, active, bridge }: NetworkInfo): Promise<void> {
    if (!active) return void this.#devices.delete(uuid);
    const ports = await this.#driver.ports({ uuid }).catch(gone);
    const guests = (ports ?? []).flatMap(({ attachment }) => ('dev' in attachment ? [attachment.dev] : []));
    this.#devices.set(uuid, bridge === undefined ? guests : [bridge, ...guests]);
  }
}

/** A network that is gone is none. @throws every other error */
export function gone(error: unknown): undefined {
  if (!isVirtnetError(error) || error.code !== 'VND001') throw error;
  return undefined;
}
