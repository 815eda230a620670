import type { Network } from '../network/network.ts';
import type { DocumentCodec } from './store.ts';

/** How much text is remembered at the most, in characters: 10,000 fixed hosts are 1 million. */
const MOST_CHARACTERS = 16_000_000;

/**
 * The same codec, without doing again what it has just done: a network is written once, however many files it goes to, and the text that
 * was written is not parsed when the file is read back. Networks are values and never change.
 */
export function rememberingCodec(codec: DocumentCodec): DocumentCodec {
  const texts = new WeakMap<Network, string>();
  /** By text, the last written one last. */
  const networks = new Map<string, Network>();
  let characters = 0;
  const remember = (text: string, network: Network): void => {
    if (networks.delete(text)) characters -= text.length;
    networks.set(text, network);
    characters += text.length;
    for (const oldest of networks.keys()) {
      if (characters <= MOST_CHARACTERS) break;
      networks.delete(oldest);
      characters -= oldest.length;
    }
  };
  return {
    write: (network) => {
      const text = texts.get(network) ?? codec.write(network);
      texts.set(network, text);
      remember(text, network);
      return text;
    },
    read: (text, source) => {
      const network = networks.get(text);
      return network === undefined ? codec.read(text, source) : { ok: true, value: network, diagnostics: [] };
    },
  };
}
