import type { Result } from '../base/diagnostic.ts';
import { assertNever } from '../base/errors.ts';
import { mergePort } from '../interface/merge.ts';
import { plugTypeOf } from '../interface/plug-type.ts';
import type { BridgePlug, DirectMode, DirectPlug, HostdevPlug, Plug } from '../interface/plug.ts';
import type { NetworkPort } from '../interface/port.ts';
import type { Network } from '../network/network.ts';
import { expandPool, holders, poolDevices, type PoolDevice } from './pool-devices.ts';
import type { PortFacts } from './facts.ts';
import type { PortRecord } from './port.ts';
import { libvirtSays, Report } from './report.ts';

/** What an allocation looks at. */
export interface AllocateInput {
  readonly network: Network;
  /** The guests connected so far, each with its plug; one may have the uuid of the new one, which then has its place still. */
  readonly ports: readonly PortRecord[];
  /** The guests of other networks: a device that one of them has to itself is not free, whichever network lists it. */
  readonly others?: readonly PortRecord[];
  /** The guest to connect. */
  readonly port: NetworkPort;
  readonly facts: Pick<PortFacts, 'vfs'>;
  /** Devices of the host: one that is missing is given only where no other is free. Without it, as in libvirt, none is looked at. */
  readonly links?: PortFacts['links'];
}

/** Traffic classes 1 and 2 are the network's own; the first guest with a floor has 3 (libvirt's CLASS_ID_BITMAP starts so). */
const FIRST_CLASS_ID = 3;

/**
 * Chooses what a new port is plugged into: the network's or the host's bridge, or a device of the pool. In passthrough and hostdev
 * networks, and in private ones for an 802.1Qbh port, the device must be free; elsewhere it is the one with the fewest guests, the first
 * in the list on a tie. An exhausted or empty pool is VND006, telling who holds what; what the merge finds comes along.
 */
export function allocate({ network, ports, others = [], port, facts, links }: AllocateInput): Result<Plug> {
  const report = new Report();
  const merged = mergePort({ network, port }, { unknownPortgroup: 'ignore' });
  report.add(merged.diagnostics);
  if (!merged.ok) return { ok: false, diagnostics: report.diagnostics };
  const type = plugTypeOf(network);
  if (type === 'network' || type === 'bridge') return report.result(bridgePlug(network, type));
  const { mode } = network.forward;
  const exclusive = mode === 'passthrough' || mode === 'hostdev' || (mode === 'private' && merged.value.virtualport?.type === '802.1Qbh');
  const foreign = exclusive ? others : others.filter(hasDeviceToItself);
  const counted = poolDevices(expandPool(network, facts)).map((device) => ({
    device,
    held: holders(device, ports),
    lost: holders(device, foreign, facts),
    isMissing: device.type === 'interface' && links !== undefined && !links.has(device.name),
  }));
  const device = choose(network, counted, exclusive, report);
  if (!device) return { ok: false, diagnostics: report.diagnostics };
  return report.result(devicePlug(network, device));
}

/** The class that carries the floor of a new port: the lowest that no other port has. */
export function nextClassId(ports: readonly PortRecord[]): number {
  const used = new Set(ports.map(({ port }) => port.classId));
  let id = FIRST_CLASS_ID;
  while (used.has(id)) id++;
  return id;
}

function bridgePlug(network: Network, type: BridgePlug['type']): BridgePlug {
  const { name = '', macTableManager } = network.bridge ?? {};
  return { type, bridge: name, ...(macTableManager !== undefined && { macTableManager }) };
}

/** A device with its guests of this network, and those of others that keep everybody off it. */
interface Counted {
  readonly device: PoolDevice;
  readonly held: readonly PortRecord[];
  readonly lost: readonly PortRecord[];
  readonly isMissing: boolean;
}

function hasDeviceToItself({ port: { plug } }: PortRecord): boolean {
  return plug?.type === 'hostdev-pci' || (plug?.type === 'direct' && plug.mode === 'passthrough');
}

function choose(network: Network, counted: readonly Counted[], exclusive: boolean, report: Report): PoolDevice | undefined {
  const free = counted.filter(({ held, lost }) => lost.length === 0 && (held.length === 0 || !exclusive));
  const there = free.filter(({ isMissing }) => !isMissing);
  const best = (there.length > 0 ? there : free).reduce<Counted | undefined>(
    (a, b) => (a && a.held.length <= b.held.length ? a : b),
    undefined,
  );
  if (best) return best.device;
  const empty = counted.length === 0;
  report.error({
    code: 'VND006',
    message: empty
      ? `network '${network.name}' has no devices to give to guests`
      : `every device of network '${network.name}' is in use: ${counted.map(({ device, held, lost }) => `${device.name} by ${names([...held, ...lost])}`).join(', ')}`,
    path: '/network/forward',
    hint: empty ? 'list devices with <interface>, <address> or <pf>' : 'detach a guest, or add a device to the pool',
    libvirt: libvirtSays(
      1,
      empty && network.forward.mode !== 'hostdev'
        ? `network '${network.name}' uses a direct mode, but has no forward dev and no interface pool`
        : `network '${network.name}' requires exclusive access to interfaces, but none are available`,
    ),
  });
  return undefined;
}

function names(held: readonly PortRecord[]): string {
  return held.map(({ port }) => `'${port.owner.name}'`).join(' and ');
}

function devicePlug(network: Network, device: PoolDevice): DirectPlug | HostdevPlug {
  switch (device.type) {
    case 'interface':
      return { type: 'direct', dev: device.name, mode: network.forward.mode as DirectMode };
    case 'pci': {
      const { managed, driver } = network.forward;
      return { type: 'hostdev-pci', managed: managed ?? false, ...(driver && { driver }), address: device.address };
    }
    default:
      return assertNever(device);
  }
}
