import { isVirtnetError } from '../../base/errors.ts';
import type { HookCall } from '../../host/hooks.ts';
import { writePort } from '../../interface/port.ts';
import { writeNetwork } from '../../network/write-network.ts';
import type { DriverEvent } from '../driver.ts';
import { shownLive } from '../state/live.ts';
import { currentDocument } from '../state/network-record.ts';
import { type DriverState } from '../state/state.ts';

/** The scripts of the hooks folder. */
export interface Hooks {
  /** False where certainly none is. */
  readonly areThere: () => boolean;
  /** Runs them for one happening. Rejects when one of them refuses. */
  readonly run: (call: HookCall) => Promise<void>;
}

/** True where hooks may be told of one of these. */
export function concernsHooks(events: readonly DriverEvent[]): boolean {
  return events.some((e) =>
    e.type === 'lifecycle' ? e.event === 'started' || e.event === 'stopped' : e.type === 'port' || e.type === 'updated',
  );
}

/** The hooks that are asked before a change is made: a start. One that fails refuses it. */
export function hooksBefore(events: readonly DriverEvent[], next: DriverState): readonly HookCall[] {
  return started(events).flatMap((uuid) => call(next, uuid, 'start', 'begin'));
}

/** The hooks that are told of what happened, in its order. Some may still refuse it (`mayRefuse`). */
export function hooksAfter(events: readonly DriverEvent[], former: DriverState, next: DriverState): readonly HookCall[] {
  return events.flatMap((event): readonly HookCall[] => {
    switch (event.type) {
      case 'lifecycle':
        if (event.event === 'started') return call(next, event.uuid, 'started', 'begin');
        return event.event === 'stopped' ? call(former, event.uuid, 'stopped', 'end') : [];
      case 'updated':
        return call(next, event.uuid, 'updated', 'begin');
      case 'port': {
        const created = event.event === 'created';
        const port = (created ? next : former).networks.get(event.uuid)?.ports.get(event.port)?.port;
        const operation = created ? 'port-created' : 'port-deleted';
        return port === undefined ? [] : call(next, event.uuid, operation, 'begin', writePort(port));
      }
      case 'metadata':
      case 'repaired':
        return [];
    }
  });
}

/** The hooks that end what the hook of a start began, when there was no start in the end. */
export function hooksOfNoStart(events: readonly DriverEvent[], next: DriverState): readonly HookCall[] {
  return started(events).flatMap((uuid) => call(next, uuid, 'stopped', 'end'));
}

/** Tells the hooks what comes or what was done. @throws what one says that may still refuse it */
export async function tellHooks(hooks: Hooks, calls: readonly HookCall[]): Promise<void> {
  for (const call of calls) {
    await hooks.run(call).catch((error: unknown) => {
      if (mayRefuse(call) || !isVirtnetError(error)) throw error;
    });
  }
}

/** As in libvirt: a start that one of these refuses does not come, and what is there already is taken back; of the others the answer changes nothing. */
function mayRefuse({ operation }: HookCall): boolean {
  return operation === 'start' || operation === 'started' || operation === 'port-created';
}

function started(events: readonly DriverEvent[]): readonly string[] {
  return events.flatMap((event) => (event.type === 'lifecycle' && event.event === 'started' ? [event.uuid] : []));
}

function call(
  state: DriverState,
  uuid: string,
  operation: HookCall['operation'],
  suboperation: HookCall['suboperation'],
  portXml?: string,
): readonly HookCall[] {
  const record = state.networks.get(uuid);
  if (!record) return [];
  return [
    {
      network: record.name,
      operation,
      suboperation,
      // At its start a network does not run yet: what is filled in for one that runs is not there.
      networkXml: () =>
        operation === 'start' || record.live === undefined
          ? writeNetwork(currentDocument(record))
          : writeNetwork(shownLive(record.live, record.ports.values()), { live: true }),
      ...(portXml === undefined ? {} : { portXml }),
    },
  ];
}
