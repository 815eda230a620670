import type { Diagnostic } from '../../base/diagnostic.ts';
import type { PortRecord } from '../../compile/port.ts';
import type { Network } from '../../network/network.ts';
import { definitionFile } from '../state/file-name.ts';
import { NetworkMap } from '../state/network-map.ts';
import type { NetworkRecord } from '../state/network-record.ts';
import type { DriverState } from '../state/state.ts';
import { Draft } from '../state/state.ts';

/** A file's content, or why it cannot be used. */
export type Loaded<T> = { readonly value: T } | { readonly problem: Diagnostic };

/** By file name. */
type Files<T> = ReadonlyMap<string, { readonly value: T }>;

/** The state that files say, read one by one. Files that cannot be used are told as problems. */
export function assemble(
  definitions: Files<Loaded<Network>>,
  autostart: Files<true>,
  live: Files<Loaded<Network>>,
  ports: Files<Loaded<PortRecord>>,
): DriverState {
  const problems: Diagnostic[] = [];
  const records = new Map<string, NetworkRecord>();
  for (const [file, { value }] of definitions) {
    if ('problem' in value) problems.push(value.problem);
    else {
      const problem = misfit(file, value.value, records);
      if (problem !== undefined) problems.push(problem);
      else {
        const uuid = value.value.uuid ?? '';
        records.set(uuid, { uuid, name: value.value.name, config: value.value, autostart: autostart.has(file), ports: new Map() });
      }
    }
  }
  for (const { value } of live.values()) {
    if ('problem' in value) problems.push(value.problem);
    else {
      const uuid = value.value.uuid ?? '';
      const record = records.get(uuid) ?? { uuid, name: value.value.name, autostart: false, ports: new Map<string, PortRecord>() };
      records.set(uuid, { ...record, live: value.value });
    }
  }
  addPorts(records, ports, problems);
  return { networks: NetworkMap.of(records.values()), problems };
}

/**
 * The state `to` after it was stored over `from`, with these networks as their files say it now; the same as a new `assemble`, at the cost of
 * what changed. Undefined when a file does not say what was meant.
 */
export function adopt(
  from: DriverState,
  to: DriverState,
  changed: readonly string[],
  asStored: (record: NetworkRecord) => NetworkRecord | undefined,
): DriverState | undefined {
  const draft = new Draft(to);
  for (const uuid of changed) {
    const record = to.networks.get(uuid);
    if (record === undefined) continue;
    const stored = asStored(record);
    if (stored === undefined) return undefined;
    if (stored !== record) draft.put(stored);
  }
  return { networks: draft.next.networks, problems: from.problems };
}

function addPorts(records: Map<string, NetworkRecord>, ports: Files<Loaded<PortRecord>>, problems: Diagnostic[]): void {
  const byNetwork = new Map<string, Map<string, PortRecord>>();
  for (const [file, { value }] of ports) {
    if ('problem' in value) {
      problems.push(value.problem);
      continue;
    }
    const uuid = file.slice(0, file.indexOf('.'));
    const of = byNetwork.get(uuid) ?? new Map<string, PortRecord>();
    of.set(value.value.port.uuid, value.value);
    byNetwork.set(uuid, of);
  }
  for (const [uuid, of] of byNetwork) {
    const record = records.get(uuid);
    if (record !== undefined) records.set(uuid, { ...record, ports: of });
  }
}

/** A definition that stands in the wrong file, or claims another one's uuid. */
function misfit(file: string, network: Network, records: ReadonlyMap<string, NetworkRecord>): Diagnostic | undefined {
  const say = (message: string, hint: string): Diagnostic => ({ code: 'VND005', severity: 'warning', message, hint, source: file });
  if (definitionFile(network.name) !== file)
    return say(
      `definition file '${file}' holds the network '${network.name}'`,
      `rename the file to '${definitionFile(network.name)}', or the network`,
    );
  if (network.uuid === undefined)
    return say(`definition file '${file}' has no uuid`, 'define the network with `virtnet define`, which chooses one');
  const other = records.get(network.uuid);
  return other === undefined
    ? undefined
    : say(`definition file '${file}' has the uuid ${network.uuid} of the network '${other.name}'`, 'give one of them another uuid');
}
