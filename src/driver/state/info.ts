import type { Diagnostic } from '../../base/diagnostic.ts';
import type { NetworkInfo } from '../driver.ts';
import { shownLive } from './live.ts';
import type { NetworkRecord } from './network-record.ts';
import { currentDocument } from './network-record.ts';

/** A network as lists show it. */
export function networkInfo(record: NetworkRecord, warnings: readonly Diagnostic[] = []): NetworkInfo {
  const document = currentDocument(record);
  const network = record.live === undefined ? document : shownLive(record.live, record.ports.values());
  const bridge = document.bridge?.name;
  const { name, uuid, live, config, autostart } = record;
  const [active, persistent] = [live !== undefined, config !== undefined];
  return bridge === undefined
    ? { name, uuid, active, persistent, autostart, network, warnings }
    : { name, uuid, active, persistent, autostart, bridge, network, warnings };
}
