import { isUtf8 } from 'node:buffer';
import type { Diagnostic, Span } from '../base/diagnostic.ts';
import { lineIndex } from '../base/source.ts';
import { inLibxml2sWords } from '../driver/libxml2/libxml2-words.ts';
import { checkForwards } from '../forwards/document.ts';
import { parseNetwork, readNetwork, writeNetwork, type Network, type ReadNetwork } from '../network/index.ts';
import { readNetworkView, viewNetwork } from '../network/view.ts';
import type { SourceText } from './render/diagnostics.ts';
import type { Source } from './sources.ts';

/** A document that was read: its text, what was found in it, and the network when nothing refuses it. */
export interface ReadDocument {
  /** The decoded text that the findings point into. */
  readonly source: SourceText;
  /** As XML, whatever it was written in; empty when it could not be read. */
  readonly xml: string;
  readonly network?: Network;
  readonly diagnostics: readonly Diagnostic[];
}

export type Form = 'xml' | 'yaml' | 'json';

/** Reads and checks a network document in any of the three forms. */
export async function readDocument(source: Source): Promise<ReadDocument> {
  return source.kind === 'xml' ? readXml(source.name, source.bytes) : readView(source);
}

function readXml(name: string, bytes: Uint8Array): ReadDocument {
  const { text, diagnostics, network } = readWhole(bytes);
  return { source: { name, text }, xml: text, diagnostics, ...(network ? { network } : {}) };
}

/** The document with what virtnet's own elements in its `<metadata>` say, and what the driver refuses of a document type declaration. */
function readWhole(source: string | Uint8Array): Pick<ReadNetwork, 'text' | 'diagnostics' | 'network'> {
  const { text, diagnostics, network } = readNetwork(source);
  const found = network ? [...diagnostics, ...checkForwards(network, text)] : diagnostics;
  return { text, diagnostics: inLibxml2sWords(found, text), ...(network ? { network } : {}) };
}

/** YAML and JSON: JSON is read as YAML too, which it is a part of, so that findings have places in both. */
async function readView(source: Source): Promise<ReadDocument> {
  const { parseYaml, places } = await import('./yaml.ts');
  const text = new TextDecoder().decode(source.bytes);
  const named = { name: source.name, text };
  const lines = lineIndex(text);
  const at = (d: Diagnostic, span: Span): Diagnostic => ({ ...d, span, position: lines.positionOf(span.start) });
  const refuse = (diagnostics: readonly Diagnostic[]): ReadDocument => ({
    source: named,
    xml: '',
    diagnostics: diagnostics.map((d) => at(d, d.span ?? { start: 0, end: 0 })),
  });
  const fault = textFault(source.bytes, text);
  if (fault) return refuse([fault]);
  const { document, faults } = parseYaml(text);
  if (faults.length > 0) return refuse(faults);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    return refuse([{ code: 'VNJ001', severity: 'error', message: (error as Error).message }]);
  }
  const spanAt = places(document);
  const placed = (d: Diagnostic): Diagnostic => at(d, spanAt(keysOf(d.path ?? '')));
  const view = readNetworkView(value);
  if (!view.ok) return refuse(view.diagnostics.map(placed));
  // What the values mean is checked where it always is: in the XML that they stand for.
  const xml = writeNetwork(view.value);
  const { network, diagnostics: found } = readWhole(xml);
  const diagnostics = found.map(({ span: _span, position: _position, related: _related, path, ...d }): Diagnostic => {
    const pointer = path === undefined ? undefined : pointerOf(path);
    return placed(pointer === undefined ? d : { ...d, path: pointer });
  });
  return { source: named, xml, diagnostics, ...(network ? { network } : {}) };
}

/** The keys and indexes of a JSON pointer. */
function keysOf(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/**
 * What of the bytes of a YAML or JSON document keeps it from the parser: other encodings than UTF-8 (what stands for their letters would be
 * stored), and nesting that the parser's recursion cannot follow: at the end of its stack V8 may abort the process.
 */
export function textFault(bytes: Uint8Array, text: string): Diagnostic | undefined {
  const fault = { code: 'VNJ001', severity: 'error' } as const;
  if (!isUtf8(bytes)) {
    const start = Math.max(0, text.indexOf('\ufffd'));
    return { ...fault, message: 'document is not valid UTF-8', span: { start, end: start + 1 }, hint: 'save the document as UTF-8' };
  }
  const start = tooDeepAt(text);
  if (start === undefined) return undefined;
  return { ...fault, message: 'what begins here is nested too deeply', span: { start, end: start + 1 } };
}

/** Levels of brackets or indentation that no network has. */
const TOO_DEEP = 200;

function tooDeepAt(text: string): number | undefined {
  const indented = /^(?: |[-?:] ){200}/m.exec(text);
  if (indented) return indented.index;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === '"') at = endOfString(text, at);
    else if (c === '[' || c === '{') depth++;
    else if (c === ']' || c === '}') depth = Math.max(0, depth - 1);
    if (depth > TOO_DEEP) return at;
  }
  return undefined;
}

/** The place of the closing quote, or of the line's end where that comes first. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"' && text[at] !== '\n') at += text[at] === '\\' ? 2 : 1;
  return at;
}

/** Elements that are lists in the view. */
const LISTS: Readonly<Record<string, string>> = {
  ip: 'ips',
  route: 'routes',
  portgroup: 'portgroups',
  range: 'ranges',
  host: 'hosts',
  forwarder: 'forwarders',
  txt: 'txts',
  srv: 'srvs',
  tag: 'tags',
  interface: 'interfaces',
};

/** The JSON pointer in the view of a place in the XML: `/network/ip[2]/dhcp/range/@start` is `/ips/1/dhcp/ranges/0/start`. */
function pointerOf(path: string): string {
  const steps = path.split('/').slice(2);
  return steps
    .map((step) => {
      if (step.startsWith('@')) return `/${step.slice(1)}`;
      const [, name = '', index = '1'] = /^([^[]+)(?:\[(\d+)\])?$/.exec(step) ?? [];
      const list = LISTS[name];
      return list === undefined ? `/${name}` : `/${list}/${String(Number(index) - 1)}`;
    })
    .join('');
}

/** The network of a document that the driver printed. @throws VirtnetError when it cannot be read. */
export function networkOfXml(xml: string): Network {
  return parseNetwork(xml);
}

/** A network in one of the three forms. */
export async function writeForm(network: Network, form: Form): Promise<string> {
  if (form === 'xml') return writeNetwork(network);
  const view = viewNetwork(network);
  if (form === 'json') return `${JSON.stringify(view, null, 2)}\n`;
  const { stringify } = await import('./yaml.ts');
  return stringify(view, { lineWidth: 0 });
}
