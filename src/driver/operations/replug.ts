import { isDeepStrictEqual } from 'node:util';
import type { PortFacts } from '../../compile/facts.ts';
import { foreignTaps, isForeign } from '../../compile/foreign-tap.ts';
import { expandPool, holders, poolDevices } from '../../compile/pool-devices.ts';
import { allocate } from '../../compile/pools.ts';
import type { PortRecord } from '../../compile/port.ts';
import { plugTypeOf } from '../../interface/plug-type.ts';
import type { Plug } from '../../interface/plug.ts';
import type { Network } from '../../network/network.ts';
import { checkKind } from './attach.ts';
import type { OperationContext } from '../engine/change.ts';
import { refused } from '../errors.ts';
import { following, otherPorts, portFacts } from './port-operations.ts';
import type { NetworkRecord } from '../state/network-record.ts';
import type { DriverState } from '../state/state.ts';

/**
 * The network's guests as they are plugged where it runs by another document: on the bridge that it has now, or on a device of the pool
 * that it has now (on the one that they have, where it is still listed), with what their portgroup and the network give them now. Of ports
 * whose device somebody else makes only those follow that are on the network's own bridge; when the network was stopped, those are forgotten
 * whose tap is gone meanwhile.
 * @throws VirtnetError VND016 for a guest whose kind of device the network does not take any more, VND006 where the pool is too small.
 */
export async function replugged(
  state: DriverState,
  record: NetworkRecord,
  network: Network,
  context: OperationContext,
): Promise<ReadonlyMap<string, PortRecord>> {
  if (record.ports.size === 0) return record.ports;
  const facts = await portFacts({ ...record, live: network }, context);
  const ports = new Map(record.ports);
  const taps = record.live === undefined ? await foreignTapsOf(record, context) : undefined;
  let moved = false;
  for (const [uuid, old] of record.ports) {
    if (old.attachment.type === 'none') {
      if (taps?.has(uuid) === false) moved = ports.delete(uuid);
      if (!ports.has(uuid) || !isForeign(old) || plugTypeOf(network) !== 'network') continue;
    }
    checkKind(network, old.attachment.type, old.port.owner.name);
    const now = following(network, old);
    const plug = kept(network, old, facts) ?? chosen(state, record, network, [...ports.values()], old, facts);
    if (now === old && isDeepStrictEqual(plug, old.port.plug)) continue;
    ports.set(uuid, { ...now, port: { ...now.port, plug } });
    moved = true;
  }
  return moved ? ports : record.ports;
}

/** The taps that somebody else made for guests of the network, by port uuid. The host is asked only where there can be any. */
export async function foreignTapsOf(record: NetworkRecord, context: Pick<OperationContext, 'facts'>): Promise<ReadonlyMap<string, string>> {
  const foreign = [...record.ports.values()].filter(isForeign);
  return foreign.length === 0 ? new Map() : foreignTaps(record.uuid, foreign, (await context.facts()).links);
}

/** A guest keeps its device of a pool while the pool has it, in the mode that the network has now. */
function kept(network: Network, old: PortRecord, facts: PortFacts): Plug | undefined {
  const plug = old.port.plug;
  if (plug === undefined || plug.type !== plugTypeOf(network) || plug.type === 'network' || plug.type === 'bridge') return undefined;
  if (!poolDevices(expandPool(network, facts)).some((device) => holders(device, [old]).length > 0)) return undefined;
  const { mode } = network.forward;
  if (plug.type !== 'direct' || plug.mode === mode) return plug;
  // A device that was shared may not be given to one guest alone.
  return mode === 'bridge' || mode === 'private' || mode === 'vepa' ? { ...plug, mode } : undefined;
}

function chosen(
  state: DriverState,
  record: NetworkRecord,
  network: Network,
  ports: readonly PortRecord[],
  old: PortRecord,
  facts: PortFacts,
): Plug {
  const neighbours = ports.filter(({ port }) => port.uuid !== old.port.uuid);
  const result = allocate({ network, ports: neighbours, others: otherPorts(state, record), port: old.port, facts });
  if (!result.ok) throw refused(result.diagnostics);
  return result.value;
}
