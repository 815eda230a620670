import type { Network } from '../../network/network.ts';
import { updateNetwork } from '../../network/update.ts';
import type { Operation } from '../engine/change.ts';
import type { NetworkRef, UpdateRequest } from '../driver.ts';
import { refused } from '../errors.ts';
import { asLibxml2Reads } from '../libxml2/libxml2-words.ts';
import { lookup } from '../state/lookup.ts';
import { affected, editDocuments, withSoundForwards } from './metadata.ts';
import { following } from './port-operations.ts';
import { withRecord } from '../state/state.ts';

/** `networkUpdate`: changes one section of the live document, the stored one, or both; when one of them refuses, neither changes. */
export function update(ref: NetworkRef, request: UpdateRequest): Operation<readonly string[]> {
  return async (state, context) => {
    const record = lookup(state, ref);
    const which = affected(record, request.affect);
    const changed = editDocuments(record, which, (network) => context.settle(edited(network, request)));
    const { live } = changed;
    const ports = live === undefined ? changed.ports : new Map([...changed.ports].map(([port, guest]) => [port, following(live, guest)]));
    const next = withRecord(state, { ...changed, ports });
    const { name, uuid } = record;
    return { next, scope: which.live ? new Set([uuid]) : new Set(), events: [{ type: 'updated', name, uuid }], value: [uuid] };
  };
}

function edited(network: Network, request: UpdateRequest): Network {
  const result = asLibxml2Reads(updateNetwork(network, request), request.fragment);
  if (!result.ok) throw refused(result.diagnostics);
  return withSoundForwards(result.value);
}
