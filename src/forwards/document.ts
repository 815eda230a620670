import type { Diagnostic } from '../base/diagnostic.ts';
import { lineIndex } from '../base/source.ts';
import { readContext, toDiagnostic, type ReadContext } from '../network/context.ts';
import type { Network } from '../network/network.ts';
import { child, elements, type XmlElement } from '../xml/node.ts';
import { parseXml } from '../xml/parse.ts';
import { FORWARDS_NAMESPACE, type PortForward } from './forward.ts';
import { readForwards } from './read.ts';

/** What a network's `<forwards>` says. Forwards that an error is about are left out. */
export interface Forwards {
  readonly forwards: readonly PortForward[];
  /** With paths in the network's document, without places in its text. */
  readonly diagnostics: readonly Diagnostic[];
}

const NONE: Forwards = { forwards: [], diagnostics: [] };
const known = new WeakMap<Network, Forwards>();

/** The port forwards of a network. Networks are immutable, so each is read once. */
export function forwardsOf(network: Network): Forwards {
  const xml = network.metadata.find((m) => m.namespace === FORWARDS_NAMESPACE)?.xml;
  if (xml === undefined) return NONE;
  const found = known.get(network) ?? read(network, xml);
  known.set(network, found);
  return found;
}

function read(network: Network, xml: string): Forwards {
  const root = parseXml(xml).document?.root;
  if (!root) return NONE; // the text is one that our own writer made
  const context = readContext(network.name);
  const forwards = readForwards(context, root, network);
  const diagnostics = diagnosticsOf(context, xml).map(({ span: _span, position: _position, related: _related, path, ...rest }) => ({
    ...rest,
    path: `/network/metadata${path ?? ''}`,
  }));
  return { forwards, diagnostics };
}

/** What is wrong with the `<forwards>` of a network that was read from this XML text, with places in it. */
export function checkForwards(network: Network, text: string): readonly Diagnostic[] {
  if (!network.metadata.some((m) => m.namespace === FORWARDS_NAMESPACE)) return [];
  const element = forwardsElement(parseXml(text).document?.root);
  if (!element) return forwardsOf(network).diagnostics;
  const context = readContext(network.name);
  readForwards(context, element, network);
  return diagnosticsOf(context, text);
}

function forwardsElement(root: XmlElement | undefined): XmlElement | undefined {
  const metadata = root && child(root, 'metadata');
  return metadata && elements(metadata).find((e) => e.namespace === FORWARDS_NAMESPACE);
}

function diagnosticsOf(context: ReadContext, text: string): readonly Diagnostic[] {
  const index = lineIndex(text);
  return context.findings.map((f) => toDiagnostic(f, index.positionOf.bind(index)));
}
