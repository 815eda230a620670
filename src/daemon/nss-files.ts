import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { servedDhcp } from '../compile/dhcp-pools.ts';
import type { PortRecord } from '../compile/port.ts';
import type { NetworkDriver, NetworkInfo } from '../driver/driver.ts';
import type { LogRecord } from '../host/leases.ts';
import { replaceText } from '../host/small-files.ts';
import { systemWords } from '../host/system-words.ts';
import type { Log } from './log.ts';
import { gone } from './watch.ts';

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

/**
 * Keeps `BRIDGE.status` (leases) and `BRIDGE.macs` (the MACs of guests' names) of each running network with DHCP, in the form of libvirt's network
 * driver: its NSS modules answer from them. What cannot be written is logged once, and tried again with the next change.
 * @returns the function that ends it; the files stay, as the networks do.
 */
export function keepNssFiles(driver: Pick<NetworkDriver, 'list' | 'get' | 'ports' | 'on'>, options: NssFilesOptions): () => Promise<void> {
  const { folder, everyMs = EVERY_MS, isThere = isDevice } = options;
  /** By network (its uuid), the bridge whose files are its own. */
  const bridges = new Map<string, string>();
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
    const bridge = servedBridge(await driver.get({ uuid }).catch(gone));
    const before = bridges.get(uuid);
    if (before !== undefined && before !== bridge) {
      const isTaken = [...bridges].some(([other, its]) => its === before && other !== uuid);
      if (!isTaken) for (const ending of ['status', 'macs']) rmSync(join(folder, `${before}.${ending}`), { force: true });
      bridges.delete(uuid);
    }
    if (bridge === undefined) return;
    bridges.set(uuid, bridge);
    replaceText(join(folder, `${bridge}.status`), statusText(await options.leases(uuid)));
    replaceText(join(folder, `${bridge}.macs`), macsText((await driver.ports({ uuid }).catch(gone)) ?? []));
  };
  const noteAll = async (): Promise<void> => {
    for (const { uuid, active, bridge } of await driver.list().catch(() => [])) {
      // Of a network that ended while nobody looked the files are still there. Where the device is, somebody else (libvirt) runs a network on it.
      if (!active && bridge !== undefined && !bridge.includes('/') && !isThere(bridge)) bridges.set(uuid, bridge);
      note(uuid);
    }
  };

  const endEvents = driver.on((event) => {
    if (event.type !== 'metadata') note(event.uuid);
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

/** The text of `BRIDGE.macs`: the MACs of each owner's ports, in the spelling of `BRIDGE.status`. */
function macsText(ports: readonly PortRecord[]): string {
  const macs = new Map<string, Set<string>>();
  for (const { port } of ports) macs.set(port.owner.name, (macs.get(port.owner.name) ?? new Set()).add(port.mac));
  const domains = [...macs.keys()].sort();
  return jsonText(domains.map((domain) => ({ domain, macs: [...(macs.get(domain) ?? [])] })));
}

/** Laid out as libvirt does. */
function jsonText(rows: readonly object[]): string {
  return rows.length === 0 ? '[\n]\n' : `${JSON.stringify(rows, undefined, 2)}\n`;
}

/** Of this network namespace; /sys may show those of another one. */
function isDevice(name: string): boolean {
  return existsSync(`/proc/sys/net/ipv4/conf/${name}`);
}
