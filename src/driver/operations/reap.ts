import type { Operation } from '../engine/change.ts';
import type { DriverEvent, NetworkRef, Reaped } from '../driver.ts';
import { gonePorts } from '../state/gone-ports.ts';
import { lookup } from '../state/lookup.ts';
import { portEvent } from './port-operations.ts';
import { currentDocument } from '../state/network-record.ts';
import { withRecord } from '../state/state.ts';

/** Unplugs the guests that are gone: all whose network namespace or device does not exist any more, of one network or of all. */
export function reap(ref: NetworkRef | undefined): Operation<readonly Reaped[]> {
  return async (state, context) => {
    const records = ref === undefined ? [...state.networks.values()] : [lookup(state, ref)];
    const facts = await context.portFacts({ vfs: records.some((r) => currentDocument(r).forward.mode === 'hostdev') });
    let next = state;
    const events: DriverEvent[] = [];
    const reaped: Reaped[] = [];
    for (const record of records) {
      const gone = gonePorts([...record.ports.values()], facts);
      if (gone.length === 0) continue;
      const ports = new Map(record.ports);
      for (const { record: port, what } of gone) {
        ports.delete(port.port.uuid);
        events.push(portEvent('deleted', record, port));
        reaped.push({ network: record.name, port, gone: what });
      }
      next = withRecord(next, { ...record, ports });
    }
    const scope = new Set(events.flatMap((event) => ('uuid' in event ? [event.uuid] : [])));
    const shares = reaped.some(({ port }) => port.port.classId !== undefined);
    const only = shares ? undefined : { ports: new Set(reaped.map(({ port }) => port.port.uuid)), facts };
    return { next, scope, only, events, value: reaped };
  };
}
