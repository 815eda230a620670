import type { Network } from '../network/network.ts';
import type { DocumentCodec } from './store.ts';

/**
 * The same codec, without writing the same network twice, however many files it goes to. Networks are values and never change. What a file
 * says is always parsed: it is not what was in memory, for libvirt's form does not keep everything.
 */
export function rememberingCodec(codec: DocumentCodec): DocumentCodec {
  const texts = new WeakMap<Network, string>();
  return {
    write: (network) => {
      const text = texts.get(network) ?? codec.write(network);
      texts.set(network, text);
      return text;
    },
    read: codec.read,
  };
}
