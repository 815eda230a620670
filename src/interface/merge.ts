import { hasErrors } from '../base/diagnostic.ts';
import type { Diagnostic, Result } from '../base/diagnostic.ts';
import type { PortGroup } from '../network/portgroup.ts';
import type { VirtualPort } from '../network/virtualport.ts';
import type { EffectivePort, PortNetwork, SettingOrigin } from './effective.ts';
import { checkFloor } from './floor.ts';
import type { GuestInterface } from './interface.ts';
import { checkComplete, mergeVirtualPorts, missingUuidOf } from './merge-virtualport.ts';
import type { PlacedVirtualPort } from './merge-virtualport.ts';
import { checkVirtualPortKind, checkVlanKind } from './network-kind.ts';
import { plugTypeOf } from './plug-type.ts';
import type { NetworkPort } from './port.ts';
import { choosePortGroup } from './choose-portgroup.ts';

/** A network and what wants to be plugged into it: a port, or a guest's interface of type network. */
export type MergeInput = { readonly network: PortNetwork } & (
  | { readonly port: Omit<NetworkPort, 'uuid' | 'owner'>; readonly interface?: undefined }
  | { readonly interface: GuestInterface; readonly port?: undefined }
);

/** Where libvirt and virtnet, or libvirt's calls among themselves, merge in more than one way. */
export interface MergeOptions {
  /** `refuse` (the default) says "did you mean"; `ignore` applies no portgroup, as libvirt does, with a warning. */
  readonly unknownPortgroup?: 'refuse' | 'ignore';
  /** A vlan that the network's kind cannot serve: libvirt refuses a guest's interface with one, and keeps a port's without effect. */
  readonly unservedVlan?: 'refuse' | 'keep';
  /** A virtualport of type midonet on a bridge of the host: libvirt's port call refuses it, and we bind it. */
  readonly midonet?: 'refuse' | 'bind';
}

/** What the two kinds of asker have in common. */
interface Asker extends Pick<NetworkPort, 'portgroup' | 'bandwidth' | 'vlan' | 'virtualport' | 'isolated' | 'trustGuestRxFilters'> {
  readonly place: 'the port' | 'the interface';
  readonly mac: string;
  readonly mtu?: number | undefined;
}

/**
 * Merges what the guest asks for with its portgroup and the network, as libvirt does when it makes a port: bandwidth whole from the
 * port or its portgroup; vlan whole from port, portgroup or network; isolation from port or network; trustGuestRxFilters from port,
 * portgroup or network; virtualports parameter by parameter. Finds VNI201 to VNI205 and VNI207; the first error is the one that
 * libvirt gives. Room for a floor among the other guests is `checkOvercommit`'s question, a free device of a pool the driver's.
 */
export function mergePort(input: MergeInput, options: MergeOptions = {}): Result<EffectivePort> {
  const { network } = input;
  const { unservedVlan = input.interface ? 'refuse' : 'keep' } = options;
  const asker = askerOf(input);
  const diagnostics: Diagnostic[] = [];

  const chosen = choosePortGroup(network, asker.portgroup, options.unknownPortgroup ?? 'refuse');
  diagnostics.push(...chosen.diagnostics);
  const portgroup = chosen.portgroup;

  const merged = mergeVirtualPorts(placedVirtualPorts(asker, network, portgroup));
  diagnostics.push(...merged.diagnostics);
  const virtualport = merged.ok ? merged.value : undefined;
  const bandwidth = firstOf([asker.bandwidth, 'port'], [portgroup?.bandwidth, 'portgroup']);
  const vlan = firstOf([asker.vlan, 'port'], [portgroup?.vlan, 'portgroup'], [network.vlan, 'network']);
  const isolated = firstOf([asker.isolated, 'port'], [network.portIsolated, 'network']);
  const trust = firstOf(
    [asker.trustGuestRxFilters, 'port'],
    [portgroup?.trustGuestRxFilters, 'portgroup'],
    [network.trustGuestRxFilters, 'network'],
  );

  pushFound(diagnostics, checkVirtualPortKind(network, virtualport, { asLibvirt: options.midonet === 'refuse' }));
  pushFound(diagnostics, checkFloor({ network, mac: asker.mac, bandwidth: bandwidth?.value }));
  if (virtualport) pushFound(diagnostics, checkComplete(virtualport));
  pushFound(diagnostics, checkVlanKind(network, vlan?.value, virtualport, unservedVlan === 'refuse' ? 'error' : 'warning'));
  if (hasErrors(diagnostics)) return { ok: false, diagnostics };

  const missingUuid = virtualport && missingUuidOf(virtualport);
  const mtu = asker.mtu ?? network.mtu;
  const value: EffectivePort = {
    ...(portgroup && { portgroup: portgroup.name }),
    ...(bandwidth && { bandwidth: bandwidth.value }),
    ...(vlan && { vlan: vlan.value }),
    ...(virtualport && { virtualport }),
    ...(missingUuid && { missingUuid }),
    ...(mtu !== undefined && { mtu }),
    isolated: isolated?.value ?? false,
    trustGuestRxFilters: trust?.value ?? false,
    plugType: plugTypeOf(network),
    origins: {
      ...(bandwidth && { bandwidth: bandwidth.origin }),
      ...(vlan && { vlan: vlan.origin }),
      ...(isolated && { isolated: isolated.origin }),
      ...(trust && { trustGuestRxFilters: trust.origin }),
    },
  };
  return { ok: true, value, diagnostics };
}

/** The virtualport once its missing uuid (`missingUuid` of the merge) is chosen. */
export function withUuid(virtualport: VirtualPort, missing: 'instanceid' | 'interfaceid', uuid: string): VirtualPort {
  return { ...virtualport, [missing]: uuid };
}

function askerOf(input: MergeInput): Asker {
  if (input.port) return { ...input.port, place: 'the port' };
  const guest = input.interface;
  const portgroup = guest.source.type === 'network' ? guest.source.portgroup : undefined;
  return { ...guest, ...(portgroup !== undefined && { portgroup }), place: 'the interface', mac: guest.mac ?? '' };
}

function placedVirtualPorts(asker: Asker, network: PortNetwork, portgroup: PortGroup | undefined): PlacedVirtualPort[] {
  const placed: PlacedVirtualPort[] = [];
  if (asker.virtualport) placed.push({ place: asker.place, virtualport: asker.virtualport, own: true });
  if (network.virtualport) placed.push({ place: `network '${network.name}'`, virtualport: network.virtualport });
  if (portgroup?.virtualport) placed.push({ place: `portgroup '${portgroup.name}'`, virtualport: portgroup.virtualport });
  return placed;
}

type Candidate<T> = readonly [value: T | undefined, origin: SettingOrigin];

function firstOf<T>(...candidates: readonly Candidate<T>[]): { readonly value: T; readonly origin: SettingOrigin } | undefined {
  for (const [value, origin] of candidates) {
    if (value !== undefined) return { value, origin };
  }
  return undefined;
}

function pushFound(list: Diagnostic[], found: Diagnostic | undefined): void {
  if (found) list.push(found);
}
