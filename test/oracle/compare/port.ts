import { checkOvercommit } from '../../../src/interface/floor.ts';
import { mergePort, withUuid } from '../../../src/interface/merge.ts';
import type { EffectivePort } from '../../../src/interface/effective.ts';
import type { Plug } from '../../../src/interface/plug.ts';
import { readPort, writePort, type NetworkPort } from '../../../src/interface/port.ts';
import type { Network } from '../../../src/network/network.ts';
import type { Oracle } from '../client.ts';
import { generatePort } from '../generate/port.ts';
import type { Random } from '../generate/random.ts';
import { defined } from './network.ts';
import { answerOf, judge, type Comparison } from './verdict.ts';

const CHANCE = /(i(?:nstance|nterface)id=')[0-9a-f-]{36}/g;

/** Makes a port on a running network and compares refusal or the port's document. */
export async function comparePort(oracle: Oracle, rng: Random): Promise<Comparison> {
  const generated = generatePort(rng);
  const input = `${generated.network}\n  ${generated.port}`;
  const { network, diagnostics } = defined(generated.network);
  const answer = await oracle.ask({ op: 'port', network: generated.network, ports: [generated.port] });
  if (!network || answer.error) return judge(input, answerOf(undefined, diagnostics), answer, diagnostics);
  const read = readPort(generated.port);
  const merged = read.ok ? mergePort({ network, port: read.value }, { unknownPortgroup: 'ignore', midonet: 'refuse' }) : read;
  const found = merged.diagnostics;
  const theirs = answer.ports?.[0] ?? {};
  // A pool without devices is the driver's to refuse; libvirt does it between two checks of the merge.
  if (theirs.error?.code === 1 && /requires exclusive access|no forward dev/.test(theirs.error.message)) {
    return { verdict: 'refused', input, ours: '', theirs: theirs.error.message };
  }
  const made = read.ok && merged.ok ? portOf(network, read.value, merged.value) : undefined;
  const overcommit =
    merged.ok && read.ok ? checkOvercommit({ network, mac: read.value.mac, bandwidth: merged.value.bandwidth }, []) : undefined;
  const text = made && writePort(made);
  const given = generated.port;
  const settle = (one: string): string =>
    one.replace(CHANCE, (whole, start: string) => (given.includes(whole.slice(start.length)) ? whole : `${start}*`));
  const ours = answerOf(text && settle(text), overcommit ? [overcommit] : found);
  return judge(input, ours, theirs.error ? { error: theirs.error } : { text: settle(theirs.xml ?? '') }, found);
}

/** The port as a driver would store it: the merged settings and the first device. */
function portOf(network: Network, port: NetworkPort, merged: EffectivePort): NetworkPort {
  const { bandwidth, vlan, missingUuid } = merged;
  const virtualport = merged.virtualport && missingUuid ? withUuid(merged.virtualport, missingUuid, '*') : merged.virtualport;
  const floor = bandwidth?.inbound?.floor ?? 0;
  const { classId: _asked, ...asked } = port;
  const classId = floor > 0 ? 3 : port.classId;
  const isolated = port.isolated ?? network.portIsolated;
  const group = network.portgroups.find((g) => g.name === merged.portgroup);
  const trust = port.trustGuestRxFilters ?? group?.trustGuestRxFilters ?? network.trustGuestRxFilters;
  return {
    ...asked,
    ...(classId === undefined ? {} : { classId }),
    ...(bandwidth && { bandwidth }),
    ...(vlan && { vlan }),
    ...(virtualport && { virtualport }),
    ...(isolated !== undefined && { isolated }),
    ...(trust !== undefined && { trustGuestRxFilters: trust }),
    plug: plugOf(network, merged),
  };
}

function plugOf(network: Network, { plugType }: EffectivePort): Plug {
  const { mode, interfaces, addresses } = network.forward;
  if (plugType === 'network' || plugType === 'bridge') return { type: plugType, bridge: network.bridge?.name ?? '' };
  if (plugType === 'direct') return { type: 'direct', dev: interfaces[0]?.dev ?? '', mode: mode as 'vepa' };
  return {
    type: 'hostdev-pci',
    managed: network.forward.managed === true,
    address: addresses[0]?.address ?? { domain: 0, bus: 0, slot: 0, function: 0 },
  };
}
