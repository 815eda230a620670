import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { servedDhcp } from '../compile/dhcp-pools.ts';
import type { NetworkDriver, NetworkInfo } from '../driver/driver.ts';
import type { LogRecord } from '../host/leases.ts';
import { replaceText } from '../host/small-files.ts';
import { systemWords } from '../host/system-words.ts';
import type { Log } from './log.ts';
import { gone } from './running-devices.ts';

/** A lease with what libvirt's files say of it. */
type ToldLease = Omit<LogRecord, 'line'>;

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

/** A machine and the MAC of one of its guests, as `BRIDGE.macs` has them. */
interface Machine {
  readonly domain: string;
  readonly mac: string;
}

/** What the files of a network that runs were last made of. */
interface Kept {
  readonly bridge: string;
  /** By the uuids of their ports. */
  readonly machines: ReadonlyMap<string, Machine>;
  /** The ports that are gone since. */
  readonly unplugged: Set<string>;
}

/**
 * Keeps `BRIDGE.status` (leases) and `BRIDGE.macs` (the MACs of guests' names) of each running network with DHCP, in the form of libvirt's network
 * driver: its NSS modules answer from them. As libvirt's they stay when the network stops, go when it is neither stored nor running, and machines
 * stay in them until they are unplugged. What cannot be written is logged once, and tried again with the next change.
 * @returns the function that ends it; the files stay, as the networks do.
 */
export function keepNssFiles(driver: Pick<NetworkDriver, 'list' | 'get' | 'ports' | 'on'>, options: NssFilesOptions): () => Promise<void> {
  const { folder, everyMs = EVERY_MS, isThere = isDevice } = options;
  /** By network (its uuid), the bridge that it has, or had when it was last seen. */
  const bridges = new Map<string, string>();
  const kept = new Map<string, Kept>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let nextAt = 0;
  let told = '';

  const tell = (message: string, error: unknown, hint: string): void => {
    const words = systemWords(error);
    if (words !== told) options.log('warning', message, { folder, error: words, hint });
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
    nextAt = performance.now() + everyMs;
    const uuids = [...changed];
    changed.clear();
    for (const uuid of uuids) {
      try {
        await settle(uuid);
      } catch (error) {
        changed.add(uuid);
        tell('cannot keep the files of libnss-libvirt', error, WRITABLE);
      }
    }
  };
  const settle = async (uuid: string): Promise<void> => {
    const network = await driver.get({ uuid }).catch(gone);
    if (network === undefined) return forget(uuid);
    if (network.bridge !== undefined) bridges.set(uuid, network.bridge);
    const served = servedBridge(network);
    const before = kept.get(uuid);
    // After its end once more: what it leased and who was unplugged last.
    const bridge = served ?? before?.bridge;
    if (bridge === undefined) return;
    const unplugged = before?.unplugged ?? new Set();
    const leases = await options.leases(uuid);
    const ports = served === undefined ? [] : ((await driver.ports({ uuid }).catch(gone)) ?? []);
    const machines = new Map(ports.map(({ port }) => [port.uuid, { domain: port.owner.name, mac: port.mac }]));
    replaceText(join(folder, `${bridge}.status`), statusText(leases));
    const macs = join(folder, `${bridge}.macs`);
    const over = [...unplugged].flatMap((port) => before?.machines.get(port) ?? []);
    replaceText(macs, macsText([...machinesIn(macs).filter((machine) => !over.some((o) => isSame(o, machine))), ...machines.values()]));
    for (const port of unplugged) if (!machines.has(port)) unplugged.delete(port);
    if (served === undefined) kept.delete(uuid);
    else kept.set(uuid, { bridge, machines, unplugged });
  };
  const forget = (uuid: string): void => {
    const bridge = bridges.get(uuid);
    // Where the device is there, another network runs on it: one of libvirt's, perhaps.
    if (bridge !== undefined && !bridge.includes('/') && !isThere(bridge)) {
      for (const ending of ['status', 'macs']) rmSync(join(folder, `${bridge}.${ending}`), { force: true });
    }
    bridges.delete(uuid);
    kept.delete(uuid);
  };
  const noteAll = async (): Promise<void> => {
    for (const { uuid } of await driver.list().catch(() => [])) note(uuid);
  };

  const endEvents = driver.on((event) => {
    if (event.type === 'metadata') return;
    if (event.type === 'port' && event.event === 'deleted') kept.get(event.uuid)?.unplugged.add(event.port);
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

/** The bridge of a network that runs and leases addresses. */
function servedBridge(network: NetworkInfo | undefined): string | undefined {
  return network?.active && servedDhcp(network.network).length > 0 ? network.bridge : undefined;
}

/**
 * The text of `BRIDGE.status`. The modules give up on the whole folder at a lease without `mac-address` or at a number beside `expiry-time`
 * (9.0), find none without `expiry-time` (11.3), and take nought there for a lease without end.
 */
function statusText(leases: readonly ToldLease[]): string {
  const known = leases.filter((lease) => lease.mac !== undefined);
  return jsonText(
    known.map(({ iaid, ip, mac, hostname, clientId, serverDuid, expiry }) => ({
      iaid,
      'ip-address': ip,
      'mac-address': mac,
      hostname,
      'client-id': clientId,
      'server-duid': serverDuid,
      'expiry-time': expiry,
    })),
  );
}

/** The text of `BRIDGE.macs`: the MACs of each machine's ports, in the spelling of `BRIDGE.status`. */
function macsText(machines: readonly Machine[]): string {
  const macs = new Map<string, Set<string>>();
  for (const { domain, mac } of machines) macs.set(domain, (macs.get(domain) ?? new Set()).add(mac));
  const domains = [...macs.keys()].sort();
  return jsonText(domains.map((domain) => ({ domain, macs: [...(macs.get(domain) ?? [])] })));
}

/** What such a file says; nothing for one that is not there, or says something else. */
function machinesIn(path: string): readonly Machine[] {
  try {
    const rows = JSON.parse(readFileSync(path, 'utf8')) as readonly { readonly domain: string; readonly macs: readonly string[] }[];
    return rows.flatMap(({ domain, macs }) => macs.map((mac) => ({ domain, mac })));
  } catch {
    return [];
  }
}

function isSame(a: Machine, b: Machine): boolean {
  return a.domain === b.domain && a.mac === b.mac;
}

/** Laid out as libvirt does. */
function jsonText(rows: readonly object[]): string {
  return rows.length === 0 ? '[\n]\n' : `${JSON.stringify(rows, undefined, 2)}\n`;
}

/** Of this network namespace; /sys may show those of another one. */
function isDevice(name: string): boolean {
  return existsSync(`/proc/sys/net/ipv4/conf/${name}`);
}
