import { isSame } from '../../base/same.ts';
import { editForwards, listensOn, type ForwardListen, type ForwardsChange } from '../../forwards/edit.ts';
import { FORWARDS_NAMESPACE } from '../../forwards/forward.ts';
import type { Network } from '../../network/network.ts';
import type { Operation } from '../engine/change.ts';
import type { ForwardsRequest, NetworkRef } from '../driver.ts';
import { refused } from '../errors.ts';
import { lookup } from '../state/lookup.ts';
import { affected, editDocuments, withSoundForwards } from './metadata.ts';
import { withRecord } from '../state/state.ts';

/**
 * Adds and removes port forwards in the live document, the stored one, or both; when one of them refuses, neither changes. One that is to go from
 * both may be in only one of them. Nobody is told of a change that is none.
 */
export function changeForwards(ref: NetworkRef, change: ForwardsRequest): Operation<readonly string[]> {
  return async (state) => {
    const record = lookup(state, ref);
    const { name, uuid, live, config } = record;
    const which = affected(record, change.affect);
    const documents = [...(which.live ? [live] : []), ...(which.config ? [config] : [])].filter((document) => document !== undefined);
    const isNowhere = (listen: ForwardListen): boolean => !documents.some((document) => listensOn(document, listen));
    const next = editDocuments(record, which, (network) => {
      const remove = change.remove?.filter((listen) => isNowhere(listen) || listensOn(network, listen));
      return edited(network, { ...change, remove });
    });
    const events = isSame([next.live, next.config], [live, config])
      ? []
      : [{ type: 'metadata', name, uuid, item: 'element', namespace: FORWARDS_NAMESPACE } as const];
    return { next: withRecord(state, next), scope: which.live ? new Set([uuid]) : new Set(), events, value: [uuid] };
  };
}

function edited(network: Network, change: ForwardsChange): Network {
  const result = editForwards(network, change);
  if (!result.ok) throw refused(result.diagnostics);
  // One that was stored with a fault can still be taken away beside another one.
  return (change.add ?? []).length === 0 ? result.value : withSoundForwards(result.value);
}
