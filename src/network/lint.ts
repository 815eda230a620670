import type { XmlElement } from '../xml/node.ts';
import type { ReadContext } from './context.ts';
import type { Network } from './network.ts';

/** What libvirt lets through and what then fails at start or in a guest: warnings only. */
export function lint(_context: ReadContext, _root: XmlElement, _network: Network): void {
  // filled in with the next slice
}
