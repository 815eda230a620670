import type { Diagnostic } from '../base/diagnostic.ts';
import type { VirtnetError } from '../base/errors.ts';
import { isVirtnetError } from '../base/errors.ts';
import type { PortRecord } from '../compile/port.ts';
import type { Host } from '../host/host.ts';
import type { AwaitedLock } from '../host/lock/lock.ts';
import type { Network } from '../network/network.ts';
import type { Plan } from '../plan/plan.ts';
import type { Operation } from './engine/change.ts';
import { changeForwards } from './operations/change-forwards.ts';
import { define, setAutostart, undefine } from './operations/definitions.ts';
import type {
  AttachRequest,
  ChangeOptions,
  ChangeResult,
  DaemonInfo,
  DriverEvent,
  EditRequest,
  ForwardsRequest,
  Lease,
  LocalNetworkDriver,
  NetworkDriver,
  NetworkInfo,
  NetworkRef,
  PortStatus,
  RepairOptions,
  StartOptions,
  StopOptions,
  UpOptions,
  UpdateRequest,
} from './driver.ts';
import type { Engine, RunOptions } from './engine/engine.ts';
import type { EventQueue } from './engine/event-queue.ts';
import { foreignDropWarnings, meetsFirewalls } from './operations/foreign-drops.ts';
import { hasForwards, shadowedListeners } from './operations/forward-warnings.ts';
import { networkInfo } from './state/info.ts';
import { shownLive } from './state/live.ts';
import { lookup } from './state/lookup.ts';
import type { MetadataItem } from './operations/metadata.ts';
import { getMetadata, setMetadata } from './operations/metadata.ts';
import { create, edit, start, stop, up } from './operations/running.ts';
import { goneGuests } from './engine/desired.ts';
import { attach, detach } from './operations/attach.ts';
import { foreignTapsOf } from './operations/replug.ts';
import { portStatus } from './operations/port-status.ts';
import { reap } from './operations/reap.ts';
import { createPort, deletePort, listPorts, setPortBandwidth } from './operations/port-operations.ts';
import type { NetworkRecord } from './state/network-record.ts';
import type { DriverState } from './state/state.ts';
import { currentDocument } from './state/network-record.ts';
import type { Store } from './store/store.ts';
import { update } from './operations/update.ts';

export interface LocalDriverParts {
  readonly host: Host;
  readonly store: Store;
  readonly engine: Engine;
  readonly events: EventQueue;
  readonly write: (network: Network, options: { readonly inactive: boolean; readonly running: boolean }) => string;
  readonly leases: (record: NetworkRecord, mac: string | undefined) => Promise<readonly Lease[]>;
  /** Gives back what an unplugged guest has leased. */
  readonly release: (record: NetworkRecord, mac: string) => Promise<void>;
  readonly daemon: DaemonInfo | undefined;
  /** See `LocalNetworkDriver`. */
  readonly devicesAsLibvirt?: boolean;
}

/** The driver that works on this machine itself: over a store and a host. */
export class LocalDriver implements LocalNetworkDriver {
  readonly #parts: LocalDriverParts;

  constructor(parts: LocalDriverParts) {
    this.#parts = parts;
  }

  withLibvirtsDevices(): NetworkDriver {
    return new LocalDriver({ ...this.#parts, devicesAsLibvirt: true });
  }

  async settle(): Promise<void> {
    const { engine, store } = this.#parts;
    if (store.keptByOthers() === 'left') await engine.alone('settle', () => store.sweep());
  }

  async list(): Promise<readonly NetworkInfo[]> {
    const state = this.#parts.engine.read();
    return [...state.networks.keys()].map((uuid) => this.#info(state, uuid));
  }

  async get(ref: NetworkRef, { afterStart = false }: { readonly afterStart?: boolean } = {}): Promise<NetworkInfo> {
    if (afterStart) await this.#parts.engine.started(ref);
    const state = this.#parts.engine.glance();
    return this.#info(state, lookup(state, ref).uuid);
  }

  async problems(): Promise<readonly Diagnostic[]> {
    return this.#parts.engine.read().problems;
  }

  async warnings(refs?: readonly NetworkRef[]): Promise<readonly Diagnostic[]> {
    const state = this.#parts.engine.glance();
    const records = refs === undefined ? [...state.networks.values()] : refs.map((ref) => lookup(state, ref));
    const running = records.flatMap(({ live }) => live ?? []);
    const { host } = this.#parts;
    const [chains, listeners] = await Promise.all([
      running.some(meetsFirewalls) ? host.foreignChains() : [],
      running.some(hasForwards) ? host.listeners() : [],
    ]);
    return running.flatMap((network) => [...foreignDropWarnings(network, chains), ...shadowedListeners(network, listeners)]);
  }

  async awaitedLock(): Promise<AwaitedLock | undefined> {
    return this.#parts.host.awaitedLock?.();
  }

  async daemon(): Promise<DaemonInfo | undefined> {
    return this.#parts.daemon;
  }

  async xml(ref: NetworkRef, options: { readonly inactive?: boolean } = {}): Promise<string> {
    const record = lookup(this.#parts.engine.glance(), ref);
    const { live } = record;
    if (options.inactive !== true && live)
      return this.#parts.write(shownLive(live, record.ports.values()), { inactive: false, running: true });
    return this.#storedText(record);
  }

  /** A transient network has one document. */
  #storedText(record: NetworkRecord): string {
    const { config } = record;
    return this.#parts.write(config ?? currentDocument(record), { inactive: true, running: config === undefined });
  }

  async define(xml: string, options: { readonly validate?: boolean } = {}): Promise<NetworkInfo> {
    const { engine, devicesAsLibvirt } = this.#parts;
    const { value, state } = await engine.run('define', define(xml, { ...options, devicesAsLibvirt }));
    return this.#info(state, value);
  }

  async create(xml: string, options: { readonly validate?: boolean } = {}): Promise<NetworkInfo> {
    const { engine, devicesAsLibvirt } = this.#parts;
    const { value, state } = await engine.run('create', create(xml, { ...options, devicesAsLibvirt }));
    return this.#info(state, value);
  }

  edit(ref: NetworkRef, { xml, was }: EditRequest, options: UpOptions = {}): Promise<ChangeResult> {
    return this.#change(
      'edit',
      edit(ref, xml, (record) => this.#storedText(record) === was),
      { ...options, of: [ref] },
    );
  }

  async undefine(ref: NetworkRef): Promise<void> {
    await this.#parts.engine.run('undefine', undefine(ref), { of: [ref] });
  }

  async setAutostart(ref: NetworkRef, autostart: boolean): Promise<void> {
    await this.#parts.engine.run('autostart', setAutostart(ref, autostart), { of: [ref] });
  }

  update(ref: NetworkRef, request: UpdateRequest, options: ChangeOptions = {}): Promise<ChangeResult> {
    return this.#change('update', update(ref, request), { ...options, of: [ref] });
  }

  changeForwards(ref: NetworkRef, change: ForwardsRequest, options: ChangeOptions = {}): Promise<ChangeResult> {
    return this.#change('forwards', changeForwards(ref, change), { ...options, of: [ref] });
  }

  async setMetadata(
    ref: NetworkRef,
    item: MetadataItem,
    value: string | undefined,
    options: Parameters<NetworkDriver['setMetadata']>[3],
  ): Promise<void> {
    await this.#parts.engine.run('metadata', setMetadata(ref, item, value, options), { of: [ref] });
  }

  async metadata(ref: NetworkRef, item: MetadataItem, options: Parameters<NetworkDriver['metadata']>[2]): Promise<string> {
    return getMetadata(lookup(this.#parts.engine.glance(), ref), item, options);
  }

  start(ref: NetworkRef, options: ChangeOptions = {}): Promise<ChangeResult> {
    return this.startAll([ref], options);
  }

  startAll(refs: readonly NetworkRef[], options: StartOptions = {}): Promise<ChangeResult> {
    const operation = start(refs, { ...options, mayMissDevices: this.#parts.devicesAsLibvirt });
    return this.#change('start', operation, { ...options, of: refs });
  }

  stop(ref: NetworkRef, options: ChangeOptions = {}): Promise<ChangeResult> {
    return this.stopAll([ref], options);
  }

  stopAll(refs: readonly NetworkRef[], options: StopOptions = {}): Promise<ChangeResult> {
    return this.#change('stop', stop(refs, options), { ...options, of: refs });
  }

  up(documents: readonly string[], options: UpOptions = {}): Promise<ChangeResult> {
    return this.#change('up', up(documents), options);
  }

  async diff(ref?: NetworkRef): Promise<Plan> {
    return this.#parts.engine.diff(ref === undefined ? 'all' : (state) => new Set([lookup(state, ref).uuid]));
  }

  async repair(ref?: NetworkRef, options: RepairOptions = {}): Promise<ChangeResult> {
    const scope = this.#scope(ref);
    const { plan, applied, state } = await this.#parts.engine.repair(scope, options);
    const touched = new Set(plan.steps.flatMap((s) => (s.after ?? s.before)?.owner?.network ?? []));
    if (applied) this.#parts.events.push([...touched].flatMap((uuid) => repaired(state, uuid, plan)));
    return { plan, applied, networks: this.#infos(scope === 'all' ? [...touched] : [...scope], state) };
  }

  /**
   * All in one plan; where that fails, in halves, so that one network that cannot start keeps no other from starting. Once a boot, as in libvirt:
   * later only what could not start is tried again, and what is marked meanwhile waits for the next boot.
   */
  async autostart(options: ChangeOptions = {}): Promise<ChangeResult> {
    const { engine, store } = this.#parts;
    if (options.dryRun !== true) await this.settle();
    const owed = store.autostartOwed();
    const wanted = [...engine.read().networks.values()].filter((r) => r.autostart && r.config !== undefined && (owed?.has(r.uuid) ?? true));
    const failed = new Set<string>();
    const result = await this.#startWhatCan(
      wanted.map((r) => r.uuid),
      options,
      failed,
    );
    const isNews = owed === undefined || owed.size !== failed.size;
    if (isNews && options.dryRun !== true) await engine.alone('autostart', () => store.setAutostartOwed(failed));
    return result;
  }

  async ports(ref: NetworkRef): Promise<readonly PortRecord[]> {
    return listPorts(lookup(this.#parts.engine.glance(), ref));
  }

  async createPort(
    ref: NetworkRef,
    xml: string,
    options: { readonly reclaim?: boolean; readonly validate?: boolean } = {},
  ): Promise<PortRecord> {
    const { value } = await this.#parts.engine.run('create port', createPort(ref, xml, options), { of: [ref] });
    return value;
  }

  async deletePort(ref: NetworkRef, uuid: string): Promise<void> {
    await this.#parts.engine.run('delete port', deletePort(ref, uuid), { of: [ref] });
  }

  setPortBandwidth(ref: NetworkRef, uuid: string, bandwidth: Network['bandwidth'], options: ChangeOptions = {}): Promise<ChangeResult> {
    return this.#change('port bandwidth', setPortBandwidth(ref, uuid, bandwidth), { ...options, of: [ref] });
  }

  async attach(
    ref: NetworkRef,
    request: AttachRequest,
    options: ChangeOptions = {},
  ): Promise<{ readonly port: PortRecord; readonly change: ChangeResult }> {
    const { value, state, plan, applied } = await this.#parts.engine.run('attach', attach(ref, request), { ...options, of: [ref] });
    return { port: value.port, change: { plan, applied, networks: this.#infos([value.network], state) } };
  }

  async detach(ref: NetworkRef, port: string, options: ChangeOptions = {}): Promise<ChangeResult> {
    const { engine, release } = this.#parts;
    const { value, state, plan, applied } = await engine.run('detach', detach(ref, port), { ...options, of: [ref] });
    if (options.dryRun !== true) await release(value.record, value.mac).catch(() => undefined); // a lease that stays ends by itself
    return { plan, applied, networks: this.#infos([value.record.uuid], state) };
  }

  async portStatus(ref: NetworkRef): Promise<readonly PortStatus[]> {
    const record = lookup(this.#parts.engine.glance(), ref);
    const { host } = this.#parts;
    const facts = await host.portFacts({ vfs: currentDocument(record).forward.mode === 'hostdev' });
    const macvtaps = [...record.ports.values()].flatMap(({ attachment: a }) => (a.type === 'macvtap' ? [a.dev] : []));
    const [counters, taps, nodes] = await Promise.all([host.counters(), foreignTapsOf(record, host), host.deviceNodes(macvtaps)]);
    return portStatus(record, facts, { counters, taps, nodes });
  }

  async reap(ref?: NetworkRef, options: ChangeOptions = {}): ReturnType<NetworkDriver['reap']> {
    const { value, state, plan, applied } = await this.#parts.engine.run('reap', reap(ref), options);
    const touched = [...state.networks.values()].filter(({ name }) => value.some(({ network }) => network === name));
    const networks = this.#infos(
      touched.map(({ uuid }) => uuid),
      state,
    );
    return { reaped: value, change: { plan, applied, networks } };
  }

  async leases(ref: NetworkRef, mac?: string): Promise<readonly Lease[]> {
    return this.#parts.leases(lookup(this.#parts.engine.glance(), ref), mac);
  }

  on(listener: (event: DriverEvent) => void): () => void {
    return this.#parts.events.on(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#parts.events.flush();
    try {
      await this.#parts.store.settled();
    } finally {
      await this.#parts.host[Symbol.asyncDispose]();
    }
  }

  async #change(purpose: string, operation: Operation<readonly string[]>, options: RunOptions): Promise<ChangeResult> {
    const { value, state, plan, applied } = await this.#parts.engine.run(purpose, operation, options);
    return { plan, applied, networks: this.#infos(value, state) };
  }

  /** Starts these networks; of several that cannot start together, those that can. The others are added to `failed`. */
  async #startWhatCan(uuids: readonly string[], options: ChangeOptions, failed: Set<string>): Promise<ChangeResult> {
    try {
      const refs = uuids.map((uuid) => ({ uuid }));
      const operation = start(refs, { skipRunning: true, mayMissDevices: this.#parts.devicesAsLibvirt });
      return await this.#change('autostart', operation, { ...options, of: refs });
    } catch (error) {
      if (!isVirtnetError(error)) throw error;
      const [uuid] = uuids;
      if (uuid === undefined || uuids.length === 1) {
        if (uuid !== undefined) failed.add(uuid);
        return { plan: { steps: [], diagnostics: [autostartFailed(this.#nameOf(uuid), error)] }, applied: false, networks: [] };
      }
      const half = Math.ceil(uuids.length / 2);
      const first = await this.#startWhatCan(uuids.slice(0, half), options, failed);
      const second = await this.#startWhatCan(uuids.slice(half), options, failed);
      return joined(first, second);
    }
  }

  #scope(ref: NetworkRef | undefined): ReadonlySet<string> | 'all' {
    return ref === undefined ? 'all' : new Set([lookup(this.#parts.engine.glance(), ref).uuid]);
  }

  /** Networks as they are now; those that are gone (a transient one that was stopped) are left out. */
  #infos(uuids: readonly string[], state = this.#parts.engine.read()): readonly NetworkInfo[] {
    return uuids.filter((uuid) => state.networks.has(uuid)).map((uuid) => this.#info(state, uuid));
  }

  #info(state: DriverState, uuid: string): NetworkInfo {
    const record = state.networks.get(uuid) ?? lookup(state, { uuid });
    return networkInfo(record, goneGuests(record));
  }

  #nameOf(uuid: string | undefined): string {
    return this.#parts.engine.glance().networks.get(uuid ?? '')?.name ?? '';
  }
}

function repaired(state: DriverState, uuid: string, plan: Plan): DriverEvent[] {
  const name = state.networks.get(uuid)?.name;
  return name === undefined ? [] : [{ type: 'repaired', name, uuid, plan }];
}

function autostartFailed(name: string, error: VirtnetError): Diagnostic {
  return {
    code: error.code,
    severity: 'error',
    message: `network '${name}' does not start: ${error.message}`,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    source: name,
  };
}

function joined(a: ChangeResult, b: ChangeResult): ChangeResult {
  return {
    plan: { steps: [...a.plan.steps, ...b.plan.steps], diagnostics: [...a.plan.diagnostics, ...b.plan.diagnostics] },
    applied: a.applied || b.applied,
    networks: [...a.networks, ...b.networks],
  };
}
