import type { Diagnostic, Result } from '../../base/diagnostic.ts';
import { hasErrors } from '../../base/diagnostic.ts';
import type { PortRecord } from '../../compile/port.ts';
import { systemWords } from '../../host/system/system-words.ts';
import type { Network } from '../../network/network.ts';
import type { Loaded } from './assemble.ts';
import { portFromText } from './port-file.ts';
import { readListed } from './read-file.ts';

/** How documents become text and back; the store knows nothing of XML. */
export interface DocumentCodec {
  readonly read: (text: string, source: string) => Result<Network>;
  readonly write: (network: Network) => string;
  /** True when reading this text would give just this network. */
  readonly says?: (text: string, network: Network) => boolean;
}

/** The name of a file that holds a network. */
export function isDocument(file: string): boolean {
  return !file.startsWith('.') && file.endsWith('.xml');
}

/**
 * The network in a file, or why it cannot be used. Never throws.
 * @param written what this process writes there just now.
 * @param texts networks by their text: one that is known is not read again, and what is read is added.
 */
export function loadDocument(
  path: string,
  codec: DocumentCodec,
  written: { readonly text: string | undefined; readonly network: Network | undefined },
  texts: Map<string, Network> = new Map(),
): Loaded<Network> {
  try {
    const text = written.text ?? readListed(path) ?? '';
    const known = texts.get(text);
    if (known !== undefined) return { value: known };
    if (written.network !== undefined && codec.says?.(text, written.network) === true) return { value: written.network };
    const result = codec.read(text, path);
    if (result.ok && !hasErrors(result.diagnostics)) {
      texts.set(text, result.value);
      return { value: result.value };
    }
    const first = result.diagnostics.find((d) => d.severity === 'error');
    const others = result.diagnostics.filter((d) => d !== first);
    return unreadable(path, first?.message ?? 'no network in it', others, first?.position);
  } catch (error) {
    return unreadable(path, systemWords(error));
  }
}

/** The port in a file, or why it cannot be used. Never throws. */
export function loadPort(path: string, text?: string): Loaded<PortRecord> {
  try {
    return { value: portFromText(text ?? readListed(path) ?? '') };
  } catch (error) {
    return unreadable(path, systemWords(error));
  }
}

/** @param others what else was found in the file; `why` is at `position`. */
function unreadable(
  path: string,
  why: string,
  others: readonly Diagnostic[] = [],
  position?: Diagnostic['position'],
): { readonly problem: Diagnostic } {
  return {
    problem: {
      code: 'VND005',
      severity: 'warning',
      message: `cannot read '${path}': ${why}`,
      hint: 'mend the file or move it away; it is left alone until then',
      source: path,
      ...(position && { position }),
      related: others.map((c) => ({ message: c.message, ...(c.span === undefined ? {} : { span: c.span }) })),
    },
  };
}
