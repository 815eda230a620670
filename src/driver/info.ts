import type { Diagnostic } from '../base/diagnostic.ts';
import type { NetworkInfo } from './driver.ts';
import { shownLive } from './live.ts';
import type { NetworkRecord } from './state.ts';
import { currentDocument } from './state.ts';

/** A network as lists show it. */
export function networkInfo(record: NetworkRecord, warnings: readonly Diagnostic[] = []): NetworkInfo {
  const document = currentDocument(record);
  const network = record.live === undefined ? document : shownLive(record.live, record.ports.values());
  const bridge = document.bridge?.name;
  return {
    name: record.name,
    uuid: record.uuid,
    active: record.live !== undefined,
    persistent: record.config !== undefined,
    autostart: record.autostart,
    ...(bridge === undefined ? {} : { bridge }),
    network,
    warnings,
  };
}
