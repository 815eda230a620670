import type { Result } from '../../base/diagnostic.ts';
import { readInterface } from '../../interface/read-interface.ts';
import type { NetworkPort } from '../../interface/port.ts';
import { readPort } from '../../interface/port.ts';
import { parseXml } from '../../xml/parse.ts';
import type { ParseOptions } from './documents.ts';
import { validated } from './documents.ts';
import { asLibxml2Reads } from '../libxml2/libxml2-words.ts';

/** What a guest's document says that is not the port's own business. */
export type PlugDocument = Partial<NetworkPort> & { readonly mtu?: number; readonly linkDown?: boolean; readonly target?: string };

/** Reads a `<networkport>` document. Never throws. */
export function parsePort(xml: string, options: ParseOptions): Result<NetworkPort> {
  return validated(asLibxml2Reads(readPort(xml), xml), xml, options);
}

/** Reads a `<networkport>` or a guest's `<interface>`. */
export function parsePlug(xml: string): Result<PlugDocument> {
  if (parseXml(xml).document?.root.name === 'networkport') return readPort(xml);
  const result = readInterface(xml);
  if (!result.ok) return result;
  const { source, mac, virtualport, bandwidth, vlan, isolated, trustGuestRxFilters, mtu, link, target } = result.value;
  const value: PlugDocument = {
    ...(source.type === 'network' ? given('portgroup', source.portgroup) : {}),
    ...given('mac', mac),
    ...given('virtualport', virtualport),
    ...given('bandwidth', bandwidth),
    ...given('vlan', vlan),
    ...given('isolated', isolated),
    ...given('trustGuestRxFilters', trustGuestRxFilters),
    ...given('mtu', mtu),
    ...given('target', target),
    ...(link === 'down' ? { linkDown: true } : {}),
  };
  return { ...result, value };
}

function given<K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [key in K]: V });
}
