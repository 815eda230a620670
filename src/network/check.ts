import type { Diagnostic } from '../base/diagnostic.ts';
import type { Network } from './network.ts';
import { readNetwork } from './read.ts';
import { writeNetwork } from './write-network.ts';

/**
 * Checks a network that a program has built: what `readNetwork` would say of its document. Paths point into that document; spans
 * and positions are left out, since the caller has no text.
 */
export function checkNetwork(network: Network): Diagnostic[] {
  return readNetwork(writeNetwork(network)).diagnostics.map(({ span: _span, position: _position, ...rest }) => rest);
}
