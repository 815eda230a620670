import type { Diagnostic, Result } from '../../base/diagnostic.ts';
import { hasErrors } from '../../base/diagnostic.ts';
import type { PortFacts } from '../../compile/facts.ts';
import { formatPciAddress } from '../../network/pci-address.ts';
import { checkForwards } from '../../forwards/document.ts';
import type { Network } from '../../network/network.ts';
import { readNetwork } from '../../network/read.ts';
import { writeNetwork } from '../../network/write-network.ts';
import { inLibxml2sWords } from '../libxml2/libxml2-words.ts';
import { hasExpandedPool } from '../state/live.ts';
import { schemaFindings } from '../libxml2/schema-findings.ts';
import type { DocumentCodec } from './load-file.ts';

/** Networks as they are stored: libvirt's XML. */
export const codec: DocumentCodec = {
  read: (text, source) => {
    const { network, diagnostics } = readNetwork(text, { source, stored: true, quiet: true });
    return asResult(network, diagnostics);
  },
  // A pool that was made from a physical function stands in the live form only. libvirt writes a carriage return as it is, and reads a line feed.
  write: (network) =>
    writeNetwork(network, {
      live: hasExpandedPool(network) && network.forward.interfaces.length + network.forward.addresses.length > 0,
    }).replaceAll('\r', '&#13;'),
};

export interface ParseOptions {
  /** Refuse what libvirt's schema refuses and libvirt's reader ignores. */
  readonly validate?: boolean | undefined;
  /** What the parts of the document say together is no reason to refuse it. */
  readonly partsAlone?: boolean;
  /** Refuse the PCI devices of a pool that are no virtual functions of these. */
  readonly functions?: Pick<PortFacts, 'vfs'>;
}

/** Reads a network document; warnings of what is accepted are for those who show them (`virtnet lint`, not here). Never throws. */
export function parseDocument(xml: string, options: ParseOptions): Result<Network> {
  const { functions, partsAlone } = options;
  const read = readNetwork(xml, { quiet: true, stored: partsAlone === true });
  const found =
    functions === undefined ? read.diagnostics : read.diagnostics.map((d) => (isNoFunction(d, functions) ? refusedDevice(d) : d));
  const forwards = read.network ? checkForwards(read.network, read.text) : [];
  const diagnostics = inLibxml2sWords([...found, ...forwards.filter(isError)], xml);
  return validated(asResult(read.network, diagnostics), xml, options);
}

/** Where libvirt looks at the device, among what else it refuses. */
function isNoFunction({ code, found }: Diagnostic, { vfs }: Pick<PortFacts, 'vfs'>): boolean {
  return code === 'VNM057' && !vfs.some(({ address }) => formatPciAddress(address) === found);
}

function refusedDevice(finding: Diagnostic): Diagnostic {
  return {
    ...finding,
    code: 'VNC004',
    severity: 'error',
    message: `PCI device ${finding.found ?? ''} of the pool is no virtual function of this host`,
  };
}

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error';
}

/** libvirt validates before it reads, so what its schema refuses is the first error; only the root's name comes before. */
export function validated<T>(result: Result<T>, xml: string, { validate }: ParseOptions): Result<T> {
  if (validate !== true || result.diagnostics.some(isNoSuchDocument)) return result;
  const refused = schemaFindings(xml);
  return refused.length === 0 ? result : { ok: false, diagnostics: refused.map(refusedBySchema) };
}

/** Not XML, or another kind of document. */
function isNoSuchDocument({ code, severity, libvirt }: Diagnostic): boolean {
  return severity === 'error' && (code.startsWith('VNX') || libvirt?.message.startsWith('XML error: expecting root element') === true);
}

/** The finding as libvirt's schema refuses it, in our words: its own are those of libxml2's validator. */
function refusedBySchema(diagnostic: Diagnostic): Diagnostic {
  const message = `XML document failed to validate against schema: ${diagnostic.message}`;
  return { ...diagnostic, severity: 'error', libvirt: { code: 92, domain: 5, message } };
}

/** The document as `virsh net-dumpxml` prints it. `running`: it is a running network's, in whatever form. */
export function writeDocument(network: Network, { inactive, running }: { readonly inactive: boolean; readonly running: boolean }): string {
  return writeNetwork(network, { live: !inactive, natPorts: running });
}

function asResult(network: Network | undefined, diagnostics: readonly Diagnostic[]): Result<Network> {
  return network === undefined || hasErrors(diagnostics) ? { ok: false, diagnostics } : { ok: true, value: network, diagnostics };
}
