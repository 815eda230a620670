import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Diagnostic } from '../base/diagnostic.ts';
import type { VirtnetError } from '../base/errors.ts';
import { runHooks } from '../host/hooks.ts';
import type { Host } from '../host/host.ts';
import { dnsmasqFiles } from '../compile/dnsmasq-files.ts';
import { removeLeases } from '../host/leases/leases.ts';
import { toldLeaseScript } from '../host/dnsmasq/lease-script.ts';
import type { LockHolder } from '../host/lock/lock.ts';
import { linuxHost } from '../host/linux-host.ts';
import { macFromBytes } from '../inet/mac.ts';
import { countingNames } from './operations/device-names.ts';
import { codec, parseDocument, writeDocument } from './store/documents.ts';
import type { DaemonInfo, LocalNetworkDriver } from './driver.ts';
import { Engine } from './engine/engine.ts';
import { EventQueue } from './engine/event-queue.ts';
import { giveBackLeases, networkLeases } from './operations/network-leases.ts';
import { folderOf } from './folder-of.ts';
import { LocalDriver } from './local-driver.ts';
import { parsePlug, parsePort } from './store/port-documents.ts';
import { settlingCodec } from './store/settling-codec.ts';
import { Store } from './store/store.ts';

/** Where a driver keeps its files, and the machine that it works on. */
export interface OpenOptions {
  /** Definitions. Default `$VIRTNET_CONFIG_DIR`, else /etc/virtnet. */
  readonly configDir?: string | undefined;
  /** Leases. Default `$VIRTNET_STATE_DIR`, else /var/lib/virtnet. */
  readonly stateDir?: string | undefined;
  /** Running networks, ports, the lock. Default `$VIRTNET_RUN_DIR`, else /run/virtnet. */
  readonly runDir?: string | undefined;
  /** For a daemon: the host's lock is kept after a change for so many milliseconds, and then until another process asks for it. By default it is not. */
  readonly keepLockMs?: number | undefined;
  /** For a daemon: what it is. */
  readonly daemon?: DaemonInfo | undefined;
  /** Told once of each change that has waited a second for another process: who that is. */
  readonly onWait?: ((holder: LockHolder | undefined) => void) | undefined;
  /** Told of a stored change that the disk then refuses (VND018); by default closing the driver throws it. */
  readonly onRefused?: ((error: VirtnetError) => void) | undefined;
  /** Told of a definition that was put back after a power cut (VND018). By default nobody is. */
  readonly onPutBack?: ((finding: Diagnostic) => void) | undefined;
  /** Default: this machine, in this process's network namespace. The driver closes it. */
  readonly host?: Host | undefined;
}

/** The driver of this machine, or of the given host. Opening reads nothing and changes nothing. */
export async function openDriver(options: OpenOptions = {}): Promise<LocalNetworkDriver> {
  const configDir = folderOf('VIRTNET_CONFIG_DIR', options.configDir);
  const stateDir = folderOf('VIRTNET_STATE_DIR', options.stateDir);
  const runDir = folderOf('VIRTNET_RUN_DIR', options.runDir);
  const { keepLockMs, onWait, onRefused, onPutBack, daemon } = options;
  const host = options.host ?? linuxHost({ paths: { runDir, stateDir, leaseScript: toldLeaseScript(runDir) }, keepLockMs, onWait });
  const stored = settlingCodec(codec);
  const store = new Store({ configDir, runDir, codec: stored, bootId: bootId(), keepLockMs, onRefused, onPutBack });
  const events = new EventQueue();
  const context = {
    uuid: randomUUID,
    mac: randomMac,
    deviceName: countingNames(),
    parse: parseDocument,
    parsePort,
    parsePlug,
    settle: stored.settle,
  };
  const hooks = join(configDir, 'hooks');
  const engine = new Engine({
    store,
    host,
    events,
    context,
    forget: (uuid) => removeLeases(dnsmasqFiles(host.paths, uuid).leases),
    hooks: { areThere: () => existsSync(hooks), run: (call) => runHooks(hooks, call) },
  });
  return new LocalDriver({
    daemon,
    host,
    store,
    engine,
    events,
    write: writeDocument,
    leases: (record, mac) => networkLeases(host, record, mac),
    release: (record, mac) => giveBackLeases(host.paths, record, mac),
  });
}

/** libvirt's prefix for addresses it makes up, and three random bytes. */
function randomMac(): string {
  const [a = 0, b = 0, c = 0] = randomBytes(3);
  return macFromBytes(a, b, c);
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
