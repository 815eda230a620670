import type { Diagnostic, Span } from '../base/diagnostic.ts';
import { hasErrors } from '../base/diagnostic.ts';
import { VirtnetError } from '../base/errors.ts';
import { lineIndex } from '../base/source.ts';
import { pathOf, type XmlElement } from '../xml/node.ts';
import { parseXml, type ParseXmlOptions } from '../xml/parse.ts';
import { checkShape, readContext, refuse, refusedSince, spanOf, toDiagnostic, type Finding, type ReadContext } from './context.ts';
import { lint } from './lint.ts';
import { FROM, xmlError } from './libvirt-error.ts';
import type { Network } from './network.ts';
import { readRoot, ROOT_SHAPE } from './read-root.ts';
import { validate } from './validate.ts';

/** Options of `readNetwork`. */
export interface ReadNetworkOptions extends ParseXmlOptions {
  /** The name of the file or source, for diagnostics. */
  readonly source?: string;
  /** The document is of a running network: read its live-only attributes (`connections`). */
  readonly live?: boolean;
  /**
   * The document is one that virtnet stored. What its parts say together (which no change of one section looks at, as libvirt's does not)
   * is then no reason to refuse it: such findings are warnings.
   */
  readonly stored?: boolean;
  /** True: what is accepted is not looked through for what fails later (the warnings of `lint.ts`). For callers who tell nobody. */
  readonly quiet?: boolean;
}

/** Where the parts of a network stand in its document, by the identity of the model's objects. */
export interface Positions {
  /** The element (or one attribute's value) that a part of the model was read from; undefined for parts that were not read. */
  spanOf(part: object, attribute?: string): Span | undefined;
  /** `/network/ip[2]/dhcp` of a part. */
  pathOf(part: object): string | undefined;
}

/** What came of a document. */
export interface ReadNetwork {
  /** Absent when a diagnostic is an `error`. */
  readonly network?: Network;
  /** All problems at once, in libvirt's checking order: the first `error` is the error that libvirt gives. */
  readonly diagnostics: readonly Diagnostic[];
  readonly positions: Positions;
  /** The decoded text that spans point into. */
  readonly text: string;
}

const NOWHERE: Positions = { spanOf: () => undefined, pathOf: () => undefined };

/** Reads and checks a network document. Never throws for any input. */
export function readNetwork(source: string | Uint8Array, options: ReadNetworkOptions = {}): ReadNetwork {
  const parsed = parseXml(source, options);
  const { text } = parsed;
  const { source: file } = options;
  const named = file === undefined ? parsed.diagnostics : parsed.diagnostics.map((d) => ({ ...d, source: file }));
  if (!parsed.document) return { diagnostics: named, positions: NOWHERE, text };
  const { root } = parsed.document;
  const context = readContext('', options.live);
  const network = readRootElement(context, root, options);
  const index = lineIndex(text);
  const diagnostics = [...named, ...inOrder(context.findings).map((f) => toDiagnostic(f, index.positionOf.bind(index), file))];
  const positions: Positions = {
    spanOf(part, attribute) {
      const element = context.origins.get(part);
      return element && spanOf(element, attribute);
    },
    pathOf(part) {
      const element = context.origins.get(part);
      return element && pathOf(element);
    },
  };
  if (!network || hasErrors(diagnostics)) return { diagnostics, positions, text };
  return { network, diagnostics, positions, text };
}

/** What only virtnet refuses comes behind what libvirt refuses, so that the first error is libvirt's where it has one. */
function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const rank = ({ severity, problem }: Finding): number => (severity === 'error' && !problem.libvirt ? 1 : 0);
  return findings.toSorted((a, b) => rank(a) - rank(b));
}

function readRootElement(context: ReadContext, root: XmlElement, options: ReadNetworkOptions): Network | undefined {
  if (root.local !== 'network') {
    refuse(context, root, {
      code: 'VNM001',
      message: `the root element is <${root.name}>, not <network>`,
      found: root.name,
      allowed: 'network',
      hint: root.local.toLowerCase() === 'network' ? 'write <network> in lower case' : 'this is no network document',
      libvirt: xmlError(`expecting root element of 'network', not '${root.local}'`, FROM.xml),
    });
    return undefined;
  }
  checkShape(context, root, ROOT_SHAPE);
  const network = readRoot(context, root);
  const before = context.findings.length;
  validate(context, root, network);
  if (options.stored) {
    const together = context.findings.splice(before);
    for (const f of together) context.findings.push(f.severity === 'error' ? { ...f, severity: 'warning' } : f);
  }
  if (!options.quiet || refusedSince(context, 0)) lint(context, root, network);
  return network;
}

/** Reads a network document, or throws a `VirtnetError` (code of the first error) that carries all diagnostics. */
export function parseNetwork(source: string | Uint8Array, options: ReadNetworkOptions = {}): Network {
  const { network, diagnostics } = readNetwork(source, options);
  if (network) return network;
  const first = diagnostics.find((d) => d.severity === 'error');
  throw new VirtnetError({
    code: first?.code ?? 'VNX001',
    message: first?.message ?? 'document is refused',
    ...(first?.hint === undefined ? {} : { hint: first.hint }),
    ...(first?.libvirt === undefined ? {} : { libvirt: first.libvirt }),
    diagnostics,
  });
}
