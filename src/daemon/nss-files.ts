import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { servedDhcp } from '../compile/dhcp-pools.ts';
import type { NetworkDriver, NetworkInfo } from '../driver/driver.ts';
import { replaceText } from '../host/system/small-files.ts';
import { systemWords } from '../host/system/system-words.ts';
import type { Log } from './log.ts';
import { isSame, machinesIn, macsText, statusText, type Machine, type ToldLease } from './nss-format.ts';
import { gone } from './running-devices.ts';

/** What the files are made from. */
type Driver = Pick<NetworkDriver, 'get' | 'ports'>;

export interface NssFilesOptions {
  /** Where libvirt's NSS modules look; `/var/lib/libvirt/dnsmasq` is built into them. */
  readonly folder: string;
  /** The live leases of a network (its uuid), in the order in which they were told. */
  readonly leases: (uuid: string) => Promise<readonly ToldLease[]>;
  /** Tells of networks (their uuids) whose leases change; gives the function that ends it. */
  readonly watchLeases: (listener: (uuid: string) => void) => () => void;
  readonly log: Log;
  /** True for a network device that is there. */
  readonly isThere?: (device: string) => boolean;
  /** A change is written at once, and those that follow it within so many milliseconds together. */
  readonly everyMs?: number;
}

const EVERY_MS = 250;

const WRITABLE = 'make the folder, writable for virtnetd (ReadWritePaths= of its unit), and start virtnetd again';

/**
 * Keeps `BRIDGE.status` (leases) and `BRIDGE.macs` (the MACs of guests' names) of each running network with DHCP, in the form of libvirt's network
 * driver: its NSS modules answer from them. As libvirt's they stay when the network stops, go when it is neither stored nor running, and machines
 * stay in them until they are unplugged. What cannot be written is logged once, and tried again with the next change.
 * @returns the function that ends it; the files stay, as the networks do.
 */
export function keepNssFiles(driver: Driver & Pick<NetworkDriver, 'list' | 'on'>, options: NssFilesOptions): () => Promise<void> {
  const files = new NssFiles(driver, options);
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let nextAt = 0;
  let told = '';

  const tell = (message: string, error: unknown, hint: string): void => {
    const words = systemWords(error);
    if (words !== told) options.log('warning', message, { folder: options.folder, error: words, hint });
    told = words;
  };
  const note = (uuid: string): void => {
    changed.add(uuid);
    timer ??= setTimeout(
      () => {
        timer = undefined;
        work = work.then(settleChanged);
      },
      Math.max(0, nextAt - performance.now()),
    );
  };
  const settleChanged = async (): Promise<void> => {
    nextAt = performance.now() + (options.everyMs ?? EVERY_MS);
    const uuids = [...changed];
    changed.clear();
    for (const uuid of uuids) {
      try {
        await files.settle(uuid);
      } catch (error) {
        changed.add(uuid);
        tell('cannot keep the files of libnss-libvirt', error, WRITABLE);
      }
    }
  };
  const noteAll = async (): Promise<void> => {
    for (const { uuid } of await driver.list().catch(() => [])) note(uuid);
  };

  const endEvents = driver.on((event) => {
    if (event.type === 'metadata') return;
    if (event.type === 'port' && event.event === 'deleted') files.unplugged(event.uuid, event.port);
    note(event.uuid);
  });
  let endWatch = (): void => undefined;
  try {
    endWatch = options.watchLeases(note);
  } catch (error) {
    tell('cannot notice new leases for libnss-libvirt', error, 'raise fs.inotify.max_user_instances and start virtnetd again');
  }
  let work = noteAll();
  return async () => {
    endWatch();
    endEvents();
    clearTimeout(timer);
    await work.then(settleChanged);
  };
}

/** What the files of a network that runs were last made of. */
interface Kept {
  readonly bridge: string;
  /** By the uuids of their ports. */
  readonly machines: ReadonlyMap<string, Machine>;
  /** The ports that are gone since. */
  readonly unplugged: Set<string>;
}

/** The files of all networks. Networks go by their uuids. */
class NssFiles {
  readonly #driver: Driver;
  readonly #options: Pick<NssFilesOptions, 'folder' | 'leases' | 'isThere'>;
  /** The bridge that a network has, or had when it was last seen. */
  readonly #bridges = new Map<string, string>();
  readonly #kept = new Map<string, Kept>();

  constructor(driver: Driver, options: Pick<NssFilesOptions, 'folder' | 'leases' | 'isThere'>) {
    this.#driver = driver;
    this.#options = options;
  }

  /** A port (its uuid) is gone, and its machine goes with it when the files are written next. */
  unplugged(network: string, port: string): void {
    this.#kept.get(network)?.unplugged.add(port);
  }

  /** Makes the files of one network say what holds now. @throws what the system says when they cannot be written */
  async settle(uuid: string): Promise<void> {
    const network = await this.#driver.get({ uuid }).catch(gone);
    if (network === undefined) return this.#remove(uuid);
    if (network.bridge !== undefined) this.#bridges.set(uuid, network.bridge);
    const served = servedBridge(network);
    const before = this.#kept.get(uuid);
    // After its end once more: what it leased and who was unplugged last.
    const bridge = served ?? before?.bridge;
    if (bridge === undefined) return;
    const unplugged = before?.unplugged ?? new Set();
    const leases = await this.#options.leases(uuid);
    const machines = served === undefined ? new Map<string, Machine>() : await this.#machines(uuid);
    replaceText(this.#path(bridge, 'status'), statusText(leases));
    const macs = this.#path(bridge, 'macs');
    const over = [...unplugged].flatMap((port) => before?.machines.get(port) ?? []);
    replaceText(macs, macsText([...machinesIn(macs).filter((machine) => !over.some((o) => isSame(o, machine))), ...machines.values()]));
    for (const port of unplugged) if (!machines.has(port)) unplugged.delete(port);
    if (served === undefined) this.#kept.delete(uuid);
    else this.#kept.set(uuid, { bridge, machines, unplugged });
  }

  async #machines(uuid: string): Promise<ReadonlyMap<string, Machine>> {
    const ports = (await this.#driver.ports({ uuid }).catch(gone)) ?? [];
    return new Map(ports.map(({ port }) => [port.uuid, { domain: port.owner.name, mac: port.mac }]));
  }

  #remove(uuid: string): void {
    const { isThere = isDevice } = this.#options;
    const bridge = this.#bridges.get(uuid);
    // Where the device is there, another network runs on it: one of libvirt's, perhaps.
    if (bridge !== undefined && !bridge.includes('/') && !isThere(bridge)) {
      for (const ending of ['status', 'macs'] as const) rmSync(this.#path(bridge, ending), { force: true });
    }
    this.#bridges.delete(uuid);
    this.#kept.delete(uuid);
  }

  #path(bridge: string, ending: 'status' | 'macs'): string {
    return join(this.#options.folder, `${bridge}.${ending}`);
  }
}

/** The bridge of a network that runs and leases addresses. */
function servedBridge(network: NetworkInfo | undefined): string | undefined {
  return network?.active && servedDhcp(network.network).length > 0 ? network.bridge : undefined;
}

/** Of this network namespace; /sys may show those of another one. */
function isDevice(name: string): boolean {
  return existsSync(`/proc/sys/net/ipv4/conf/${name}`);
}
