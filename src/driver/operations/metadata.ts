import { hasErrors } from '../../base/diagnostic.ts';
import { forbiddenAt, isXmlCharacter } from '../../xml/characters.ts';
import { forwardsOf } from '../../forwards/document.ts';
import { FORWARDS_NAMESPACE } from '../../forwards/forward.ts';
import type { MetadataElement } from '../../network/metadata.ts';
import type { Network } from '../../network/network.ts';
import type { Operation } from '../engine/change.ts';
import { documentsOnly } from '../engine/change.ts';
import type { Affect, NetworkRef } from '../driver.ts';
import { configOfTransient, invalidArgument, noMetadata, notRunning, refused } from '../errors.ts';
import { unlessSame } from '../state/keep.ts';
import { lookup } from '../state/lookup.ts';
import { storedElement, shownElement } from './metadata-element.ts';
import type { NetworkRecord } from '../state/network-record.ts';
import { currentDocument } from '../state/network-record.ts';
import { withRecord } from '../state/state.ts';

export type MetadataItem = 'title' | 'description' | 'element';

/** Which documents of a network a call is about. */
export interface Affected {
  readonly live: boolean;
  readonly config: boolean;
}

/**
 * The documents that `affect` means for this network; `current` is the live one of a running network, else the stored one.
 * @throws VirtnetError VND003, VND010
 */
export function affected(record: NetworkRecord, affect: Affect): Affected {
  const isActive = record.live !== undefined;
  const live = affect === 'live' || affect === 'live+config' || (affect === 'current' && isActive);
  const config = affect === 'config' || affect === 'live+config' || (affect === 'current' && !isActive);
  if (live && !isActive) throw notRunning();
  if (config && record.config === undefined) throw configOfTransient();
  return { live, config };
}

/** The record with `edit` applied to the documents in question; the live one first, as libvirt does: its refusal is the one that is told. */
export function editDocuments(record: NetworkRecord, which: Affected, edit: (network: Network) => Network): NetworkRecord {
  const { live, config } = record;
  const edited = which.live && live !== undefined ? edit(live) : undefined;
  return {
    ...record,
    ...(edited === undefined ? {} : { live: edited }),
    // A network that runs as it is stored is one value.
    ...(which.config && config !== undefined
      ? { config: config === live && edited !== undefined ? edited : unlessSame(edit(config), edited) }
      : {}),
  };
}

/**
 * The network, unless a change made a port forward of it one that cannot be: its guest's fixed address is gone, say.
 * @throws VirtnetError VNF001
 */
export function withSoundForwards(network: Network): Network {
  const { diagnostics } = forwardsOf(network);
  if (hasErrors(diagnostics)) throw refused(diagnostics);
  return network;
}

/**
 * Sets, replaces or (without a value) removes a title, a description or one namespace's element. Port forwards of a running network follow
 * at once.
 */
export function setMetadata(
  ref: NetworkRef,
  item: MetadataItem,
  value: string | undefined,
  options: { readonly key?: string | undefined; readonly uri?: string | undefined; readonly affect: Affect },
): Operation<void> {
  return async (state) => {
    checkArguments('virNetworkSetMetadata', item, options.uri);
    if (item === 'element' ? value !== undefined && options.key === undefined : options.key !== undefined)
      throw argumentNull('virNetworkSetMetadata', 'key', item === 'element');
    const text = item === 'element' || value === undefined ? value : asRead(value);
    if (item === 'title' && text?.includes('\n') === true) throw invalidArgument("metadata title can't contain newlines");
    const record = lookup(state, ref);
    const which = affected(record, options.affect);
    const edit = editor(item, text, options.key ?? '', options.uri ?? '');
    const isForwards = item === 'element' && options.uri === FORWARDS_NAMESPACE;
    const next = withRecord(state, editDocuments(record, which, isForwards ? (network) => withSoundForwards(edit(network)) : edit));
    const namespace = item === 'element' && options.uri !== undefined ? { namespace: options.uri } : {};
    const change = documentsOnly(next, undefined, [{ type: 'metadata', name: record.name, uuid: record.uuid, item, ...namespace }]);
    return isForwards && which.live ? { ...change, scope: new Set([record.uuid]) } : change;
  };
}

/** @throws VirtnetError VND012 when there is none */
export function getMetadata(
  record: NetworkRecord,
  item: MetadataItem,
  options: { readonly uri?: string | undefined; readonly affect: Affect },
): string {
  checkArguments('virNetworkGetMetadata', item, options.uri);
  if (options.affect === 'live+config')
    throw invalidArgument("Flags 'VIR_NETWORK_UPDATE_AFFECT_LIVE' and 'VIR_NETWORK_UPDATE_AFFECT_CONFIG' are mutually exclusive");
  const which = affected(record, options.affect);
  const network = (which.config ? record.config : record.live) ?? currentDocument(record);
  const element = network.metadata.find((m) => m.namespace === options.uri);
  const value = item === 'element' ? element && shownElement(element.xml, element.namespace) : network[item];
  if (value === undefined) throw noMetadata();
  return value;
}

function checkArguments(api: string, item: MetadataItem, uri: string | undefined): void {
  if ((item === 'element') !== (uri !== undefined)) throw argumentNull(api, 'uri', item === 'element');
}

/**
 * A text as reading the stored document gives it: line ends are line feeds, and what no document can hold is left out. libvirt writes such
 * a text as it is, and may not be able to read the network any more when it starts again.
 */
function asRead(text: string): string {
  const lines = text.replace(/\r\n?/g, '\n');
  if (forbiddenAt(lines) < 0) return lines;
  return Array.from(lines)
    .filter((c) => isXmlCharacter(c.codePointAt(0) ?? 0))
    .join('');
}

function argumentNull(api: string, argument: string, wanted: boolean): Error {
  return invalidArgument(`${argument} in ${api} must ${wanted ? 'not ' : ''}be NULL`);
}

function editor(item: MetadataItem, value: string | undefined, key: string, uri: string): (network: Network) => Network {
  if (item !== 'element') {
    return (network) => {
      const { [item]: _old, ...rest } = network;
      return value === undefined || value === '' ? rest : { ...rest, [item]: value };
    };
  }
  const element: MetadataElement | undefined = value === undefined ? undefined : { namespace: uri, xml: storedElement(value, key, uri) };
  return (network) => {
    const others = network.metadata.filter((m) => m.namespace !== uri);
    return { ...network, metadata: element === undefined ? others : [...others, element] };
  };
}
