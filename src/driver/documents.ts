import type { Diagnostic, Result } from '../base/diagnostic.ts';
import { hasErrors } from '../base/diagnostic.ts';
import type { Network } from '../network/network.ts';
import { readNetwork } from '../network/read.ts';
import { writeNetwork } from '../network/write-network.ts';
import { hasExpandedPool } from './live.ts';
import type { DocumentCodec } from './store.ts';

/** Networks as they are stored: libvirt's XML. */
export const codec: DocumentCodec = {
  read: (text, source) => asResult(readNetwork(text, { source, stored: true, quiet: true })),
  // A pool that was made from a physical function stands in the live form only.
  write: (network) =>
    writeNetwork(network, { live: hasExpandedPool(network) && network.forward.interfaces.length + network.forward.addresses.length > 0 }),
};

/** What makes a document fail libvirt's schema and is otherwise ignored: elements, attributes and text that the format does not have. */
const SCHEMA_CODES: ReadonlySet<string> = new Set(['VNM002', 'VNM003', 'VNM005']);

export interface ParseOptions {
  /** Refuse what libvirt's schema refuses and libvirt's reader ignores. */
  readonly validate?: boolean | undefined;
}

/** Reads a network document; warnings of what is accepted are for those who show them (`virtnet lint`, not here). Never throws. */
export function parseDocument(xml: string, options: ParseOptions): Result<Network> {
  return validated(asResult(readNetwork(xml, { quiet: true })), options);
}

/** libvirt validates before it reads, so what its schema refuses is the first error. */
export function validated<T>(result: Result<T>, { validate }: ParseOptions): Result<T> {
  const unknown = validate === true ? result.diagnostics.filter((d) => SCHEMA_CODES.has(d.code)) : [];
  if (unknown.length === 0) return result;
  return { ok: false, diagnostics: [...unknown.map(refusedBySchema), ...result.diagnostics.filter((d) => !SCHEMA_CODES.has(d.code))] };
}

/** The finding as libvirt's schema refuses it, in our words: its own are those of libxml2's validator. */
export function refusedBySchema(diagnostic: Diagnostic): Diagnostic {
  const message = `XML document failed to validate against schema: ${diagnostic.message}`;
  return { ...diagnostic, severity: 'error', libvirt: { code: 92, domain: 5, message } };
}

/** The document as `virsh net-dumpxml` prints it. `running`: it is a running network's, in whatever form. */
export function writeDocument(network: Network, { inactive, running }: { readonly inactive: boolean; readonly running: boolean }): string {
  return writeNetwork(network, { live: !inactive, natPorts: running });
}

function asResult({ network, diagnostics }: { readonly network?: Network; readonly diagnostics: readonly Diagnostic[] }): Result<Network> {
  return network === undefined || hasErrors(diagnostics) ? { ok: false, diagnostics } : { ok: true, value: network, diagnostics };
}
