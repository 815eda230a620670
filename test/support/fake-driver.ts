import { VirtnetError } from '../../src/base/errors.ts';
import type { PortRecord } from '../../src/compile/port.ts';
import type { ChangeResult, DriverEvent, Lease, NetworkDriver, NetworkInfo, NetworkRef, UpdateRequest } from '../../src/driver/driver.ts';
import type { Network } from '../../src/network/network.ts';

interface FakeNetwork {
  readonly name: string;
  readonly uuid: string;
  xml: string;
  active: boolean;
  persistent: boolean;
  autostart: boolean;
  readonly ports: PortRecord[];
}

const nothingDone: ChangeResult = { plan: { steps: [] } as unknown as ChangeResult['plan'], applied: true, networks: [] };

/**
 * A driver without a host, for tests of the faces: it knows names, uuids and states, reads `<name>`, `<uuid>` and `<bridge name=>` with
 * regular expressions, and makes and breaks nothing. `delayMs` before each write lets tests see calls overlap.
 */
export class FakeDriver implements Partial<NetworkDriver> {
  readonly networks = new Map<string, FakeNetwork>();
  readonly updates: { readonly uuid: string; readonly request: UpdateRequest }[] = [];
  readonly metadataCalls: unknown[] = [];
  leasesOf: readonly Lease[] = [];
  writes = 0;
  #listeners = new Set<(event: DriverEvent) => void>();
  #nextUuid = 1;

  /** The fake as the whole interface; what it lacks throws when called. */
  get driver(): NetworkDriver {
    return this as unknown as NetworkDriver;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  list(): Promise<readonly NetworkInfo[]> {
    return Promise.resolve([...this.networks.values()].map(infoOf));
  }

  // Rejections, not throws: the contract of the interface.
  async get(ref: NetworkRef): Promise<NetworkInfo> {
    await Promise.resolve();
    return infoOf(this.#find(ref));
  }

  async xml(ref: NetworkRef): Promise<string> {
    await Promise.resolve();
    return this.#find(ref).xml;
  }

  async define(xml: string): Promise<NetworkInfo> {
    await Promise.resolve();
    const network = this.#read(xml);
    network.persistent = true;
    this.emit('defined', network);
    return infoOf(network);
  }

  async create(xml: string): Promise<NetworkInfo> {
    await Promise.resolve();
    const network = this.#read(xml);
    network.active = true;
    this.emit('started', network);
    return infoOf(network);
  }

  async undefine(ref: NetworkRef): Promise<void> {
    await Promise.resolve();
    const network = this.#find(ref);
    network.persistent = false;
    if (!network.active) this.networks.delete(network.uuid);
    this.emit('undefined', network);
  }

  async start(ref: NetworkRef): Promise<ChangeResult> {
    await Promise.resolve();
    const network = this.#find(ref);
    if (network.active) throw wrongState('network is already active');
    network.active = true;
    this.emit('started', network);
    return nothingDone;
  }

  async stop(ref: NetworkRef): Promise<ChangeResult> {
    await Promise.resolve();
    const network = this.#find(ref);
    if (!network.active) throw wrongState(`network '${network.name}' is not active`);
    network.active = false;
    if (!network.persistent) this.networks.delete(network.uuid);
    this.emit('stopped', network);
    return nothingDone;
  }

  async setAutostart(ref: NetworkRef, autostart: boolean): Promise<void> {
    await Promise.resolve();
    this.#find(ref).autostart = autostart;
    this.writes++;
  }

  async update(ref: NetworkRef, request: UpdateRequest): Promise<ChangeResult> {
    await Promise.resolve();
    this.updates.push({ uuid: this.#find(ref).uuid, request });
    this.writes++;
    return nothingDone;
  }

  async setMetadata(...call: Parameters<NetworkDriver['setMetadata']>): Promise<void> {
    await Promise.resolve();
    const network = this.#find(call[0]);
    this.metadataCalls.push(call);
    this.writes++;
    const namespace = call[3].uri;
    const event = { type: 'metadata', name: network.name, uuid: network.uuid, item: call[1] } as const;
    this.#tell(namespace === undefined ? event : { ...event, namespace });
  }

  async metadata(...call: Parameters<NetworkDriver['metadata']>): Promise<string> {
    await Promise.resolve();
    this.#find(call[0]);
    return `${call[1]} ${call[2].affect}`;
  }

  async ports(ref: NetworkRef): Promise<readonly PortRecord[]> {
    await Promise.resolve();
    return this.#find(ref).ports;
  }

  async createPort(ref: NetworkRef, xml: string): Promise<PortRecord> {
    await Promise.resolve();
    const uuid = /<uuid>([^<]*)</.exec(xml)?.[1] ?? '';
    const record: PortRecord = {
      port: { uuid, owner: { name: 'guest', uuid: '00000000-0000-0000-0000-000000000001' }, mac: '52:54:00:00:00:01' },
      attachment: { type: 'none' },
    };
    this.#find(ref).ports.push(record);
    this.writes++;
    return record;
  }

  async deletePort(ref: NetworkRef, uuid: string): Promise<void> {
    await Promise.resolve();
    const { ports } = this.#find(ref);
    ports.splice(
      ports.findIndex((p) => p.port.uuid === uuid),
      1,
    );
    this.writes++;
  }

  async setPortBandwidth(ref: NetworkRef, uuid: string, bandwidth: Network['bandwidth']): Promise<ChangeResult> {
    await Promise.resolve();
    const { ports } = this.#find(ref);
    const index = ports.findIndex((p) => p.port.uuid === uuid);
    const record = ports[index];
    if (record === undefined) return nothingDone;
    const { bandwidth: _before, ...port } = record.port;
    ports[index] = { ...record, port: bandwidth === undefined ? port : { ...port, bandwidth } };
    this.writes++;
    return nothingDone;
  }

  async leases(_ref: NetworkRef, mac?: string): Promise<readonly Lease[]> {
    await Promise.resolve();
    return this.leasesOf.filter((l) => mac === undefined || l.mac === mac);
  }

  on(listener: (event: DriverEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  emit(event: 'defined' | 'undefined' | 'started' | 'stopped', network: { readonly name: string; readonly uuid: string }): void {
    this.writes++;
    this.#tell({ type: 'lifecycle', event, name: network.name, uuid: network.uuid });
  }

  #tell(event: DriverEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #read(xml: string): FakeNetwork {
    const name = /<name>([^<]*)</.exec(xml)?.[1];
    if (name === undefined) throw new VirtnetError({ code: 'VNM001', message: 'no name', libvirt: { code: 21 } });
    const uuid = /<uuid>([^<]*)</.exec(xml)?.[1] ?? `00000000-0000-4000-8000-${String(this.#nextUuid++).padStart(12, '0')}`;
    const known = this.networks.get(uuid);
    const network = known ?? { name, uuid, xml, active: false, persistent: false, autostart: false, ports: [] };
    network.xml = xml;
    this.networks.set(uuid, network);
    return network;
  }

  #find(ref: NetworkRef): FakeNetwork {
    const found = [...this.networks.values()].find((n) =>
      typeof ref === 'string' ? n.name === ref || n.uuid === ref : 'uuid' in ref ? n.uuid === ref.uuid : n.name === ref.name,
    );
    if (found !== undefined) return found;
    throw new VirtnetError({ code: 'VND001', message: 'no such network', libvirt: { code: 43, message: 'no network' } });
  }
}

function infoOf(network: FakeNetwork): NetworkInfo {
  const bridge = /<bridge name='([^']*)'/.exec(network.xml)?.[1];
  const { name, uuid, active, persistent, autostart } = network;
  return {
    ...{ name, uuid, active, persistent, autostart },
    ...(bridge === undefined ? {} : { bridge }),
    network: { name } as Network,
    warnings: [],
  };
}

function wrongState(message: string): VirtnetError {
  return new VirtnetError({ code: 'VND003', message, libvirt: { code: 55, message } });
}
