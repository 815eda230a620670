import { isMap, isNode, isScalar, isSeq, parseDocument, visit, type Document, type YAMLMap } from 'yaml';
import type { Diagnostic, Span } from '../base/diagnostic.ts';

/** The YAML package behind one file of ours: it is loaded only when needed, and a bundler then still sees which names are used. */
export { stringify } from 'yaml';

/** A text as the package parses it, and what is wrong with it, with spans; JSON is YAML, too. In time that grows with its length. */
export function parseYaml(text: string): { readonly document: Document; readonly faults: readonly Diagnostic[] } {
  // Asked for unique keys, the package compares each one with all before it.
  const document = parseDocument(text, { prettyErrors: false, strict: true, uniqueKeys: false });
  const faults = document.errors.map((e) => {
    const message = e.code === 'MULTIPLE_DOCS' ? 'a second document starts here: a file holds one' : (e.message.split('\n')[0] ?? e.code);
    return fault(message, { start: e.pos[0], end: e.pos[1] });
  });
  return { document, faults: [...faults, ...repeatedKeys(document)].sort((a, b) => a.span.start - b.span.start) };
}

type Fault = Diagnostic & { readonly span: Span };

function fault(message: string, span: Span): Fault {
  return { code: 'VNJ001', severity: 'error', message, span };
}

function repeatedKeys(document: Document): readonly Fault[] {
  const found: Fault[] = [];
  visit(document, {
    Map: (_, { items }) => {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) found.push(fault(`the key "${String(key.value)}" is given twice`, spanOf(key) ?? AT_START));
        seen.add(key.value);
      }
    },
  });
  return found;
}

const AT_START: Span = { start: 0, end: 0 };

/** Tells where the value is that a path of keys and indexes leads to, or the nearest thing around it that has a place; the start for the whole document. */
export function places(document: Document): (path: readonly string[]) => Span {
  const values = new Map<YAMLMap, ReadonlyMap<string, unknown>>();
  const valueOf = (map: YAMLMap, key: string): unknown => {
    let known = values.get(map);
    if (known === undefined) {
      known = new Map(map.items.map((pair) => [String(isScalar(pair.key) ? pair.key.value : pair.key), pair.value]));
      values.set(map, known);
    }
    return known.get(key);
  };
  return (path) => {
    let node: unknown = document.contents;
    let span: Span | undefined;
    for (const key of path) {
      node = isMap(node) ? valueOf(node, key) : isSeq(node) ? node.items[Number(key)] : undefined;
      span = spanOf(node) ?? span;
    }
    return span ?? AT_START;
  };
}

function spanOf(node: unknown): Span | undefined {
  return isNode(node) && node.range ? { start: node.range[0], end: node.range[1] } : undefined;
}
