import type { HookCall } from '../host/hooks.ts';
import { writePort } from '../interface/port.ts';
import { writeNetwork } from '../network/write-network.ts';
import type { DriverEvent } from './driver.ts';
import { currentDocument, type DriverState } from './state.ts';

/** Runs the scripts of the hooks folder for one happening. Rejects when one of them refuses. */
export type RunHooks = (call: HookCall) => Promise<void>;

/** The hooks that are asked before a change is made: a start. One that fails refuses it. */
export function hooksBefore(events: readonly DriverEvent[], next: DriverState): readonly HookCall[] {
  return events.flatMap((event) =>
    event.type === 'lifecycle' && event.event === 'started' ? call(next, event.uuid, 'start', 'begin') : [],
  );
}

/** The hooks that are told of what happened, in its order. What they answer changes nothing any more. */
export function hooksAfter(events: readonly DriverEvent[], former: DriverState, next: DriverState): readonly HookCall[] {
  return events.flatMap((event): readonly HookCall[] => {
    switch (event.type) {
      case 'lifecycle':
        if (event.event === 'started') return call(next, event.uuid, 'started', 'begin');
        return event.event === 'stopped' ? call(former, event.uuid, 'stopped', 'end') : [];
      case 'updated':
        return call(next, event.uuid, 'updated', 'begin');
      case 'port':
        return event.event === 'created'
          ? call(next, event.uuid, 'port-created', 'begin', event.port)
          : call(former, event.uuid, 'port-deleted', 'begin', event.port);
      case 'metadata':
      case 'repaired':
        return [];
    }
  });
}

function call(
  state: DriverState,
  uuid: string,
  operation: HookCall['operation'],
  suboperation: HookCall['suboperation'],
  portUuid?: string,
): readonly HookCall[] {
  const record = state.networks.get(uuid);
  if (!record) return [];
  const port = portUuid === undefined ? undefined : record.ports.get(portUuid)?.port;
  const networkXml = writeNetwork(currentDocument(record), { live: true });
  return [{ network: record.name, operation, suboperation, networkXml, ...(port === undefined ? {} : { portXml: writePort(port) }) }];
}
