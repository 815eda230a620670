import type { Diagnostic, LibvirtError, Severity } from '../base/diagnostic.ts';
import { nearest } from '../base/nearest.ts';
import { attributeNode, pathOf, type XmlElement } from '../xml/node.ts';

/** What every element's reader is handed: where findings go, and which element each part of the model came from. */
export interface ReadContext {
  /** The network's name, for libvirt's messages; empty until it is read. */
  name: string;
  /** In libvirt's checking order: the first `error` is the one that libvirt gives. */
  readonly findings: Finding[];
  /** Part of the model to the element it was read from. */
  readonly origins: Map<object, XmlElement>;
  /** Live-only attributes (`connections`) count; elsewhere they are left out, as libvirt does. */
  readonly live: boolean;
}

/** A problem at an element, or at one of its attributes. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  /** The attribute that is at fault. */
  readonly attribute?: string | undefined;
  readonly found?: string | undefined;
  readonly allowed?: string | undefined;
  readonly hint?: string | undefined;
  /** What libvirt says. On a warning: libvirt refuses what is accepted here (see `deviations.ts`). */
  readonly libvirt?: LibvirtError | undefined;
  readonly related?: readonly { readonly message: string; readonly element?: XmlElement | undefined }[];
}

/** A problem on its way to a diagnostic; places are worked out at the end. */
export interface Finding {
  readonly severity: Severity;
  readonly element: XmlElement;
  readonly problem: Problem;
}

/** A context with nothing in it. */
export function readContext(name: string, live = false): ReadContext {
  return { name, findings: [], origins: new Map(), live };
}

/** The document is refused. Every refusal of ours is one of libvirt's, but for those that `deviations.ts` lists. */
export function refuse(context: ReadContext, element: XmlElement, problem: Problem): void {
  context.findings.push({ severity: 'error', element, problem });
}

/** The document is accepted; something in it is odd or will fail later. */
export function warn(context: ReadContext, element: XmlElement, problem: Problem): void {
  context.findings.push({ severity: 'warning', element, problem });
}

/** True when a document was refused after the first `before` findings. */
export function refusedSince(context: ReadContext, before: number): boolean {
  const { findings } = context;
  for (let i = before; i < findings.length; i++) if (findings[i]?.severity === 'error') return true;
  return false;
}

/** The element, attribute and line of a finding. */
export function toDiagnostic(
  finding: Finding,
  positionOf: (offset: number) => { line: number; column: number },
  source?: string,
): Diagnostic {
  const { element, problem, severity } = finding;
  const { code, message, found, allowed, hint, libvirt, related } = problem;
  const span = spanOf(element, problem.attribute);
  const path = pathOf(element);
  return {
    code,
    severity,
    message,
    span,
    position: positionOf(span.start),
    path: problem.attribute === undefined ? path : `${path}/@${problem.attribute}`,
    ...(found === undefined ? {} : { found }),
    ...(allowed === undefined ? {} : { allowed }),
    ...(hint === undefined ? {} : { hint }),
    ...(source === undefined ? {} : { source }),
    ...(libvirt === undefined ? {} : { libvirt }),
    ...(related === undefined ? {} : { related: related.map(relatedPlace) }),
  };
}

function relatedPlace({ message, element }: { readonly message: string; readonly element?: XmlElement | undefined }) {
  return element ? { message, span: spanOf(element), path: pathOf(element) } : { message };
}

/** An attribute's value with its quotes, or the element's start tag up to its name. */
export function spanOf(element: XmlElement, attribute?: string): { start: number; end: number } {
  const node = attribute === undefined ? undefined : attributeNode(element, attribute);
  if (node) return { start: node.valueStart, end: Math.max(node.valueEnd, node.valueStart + 1) };
  return { start: element.start, end: element.start + 1 + element.name.length };
}

/** What an element may hold. */
export interface Shape {
  readonly attributes: readonly string[];
  readonly children: readonly string[];
  /** Children that may stand more than once. */
  readonly repeated?: readonly string[];
  /** True when its text counts. */
  readonly text?: boolean;
}

/**
 * Warns about what libvirt would silently leave out: attributes and elements that the format does not have, a second copy of an element of which
 * only the first counts, and text between elements.
 */
export function checkShape(context: ReadContext, element: XmlElement, shape: Shape): void {
  for (const a of element.attributes) {
    if (!shape.attributes.includes(a.name) && !a.name.includes(':')) unknownAttribute(context, element, a.name, shape);
  }
  if (element.children.length === 0) return;
  let seen: Set<string> | undefined;
  for (const c of element.children) {
    if (c.kind === 'element') {
      if (c.namespace !== undefined || c.name.includes(':')) continue;
      if (!shape.children.includes(c.name)) unknownElement(context, c, shape);
      else if (shape.repeated?.includes(c.name) !== true) {
        seen ??= new Set();
        if (seen.has(c.name)) {
          warn(context, c, {
            code: 'VNM004',
            message: `<${c.name}> is given twice in <${element.name}>; only the first counts`,
            hint: 'remove one of the two',
          });
        }
        seen.add(c.name);
      }
    } else if (shape.text !== true && (c.kind === 'text' || c.kind === 'cdata') && c.value.trim() !== '') {
      warn(context, element, {
        code: 'VNM005',
        message: `text in <${element.name}> has no meaning and is left out`,
        found: c.value.trim().slice(0, 40),
        hint: 'remove it, or make it a comment',
      });
    }
  }
}

function unknownAttribute(context: ReadContext, element: XmlElement, name: string, shape: Shape): void {
  const meant = nearest(name, shape.attributes);
  warn(context, element, {
    code: 'VNM003',
    message: `<${element.name}> has no attribute '${name}'; it is ignored`,
    attribute: name,
    found: name,
    ...(shape.attributes.length > 0 ? { allowed: shape.attributes.join(', ') } : {}),
    hint: meant === undefined ? 'remove it' : `did you mean '${meant}'?`,
  });
}

function unknownElement(context: ReadContext, element: XmlElement, shape: Shape): void {
  const meant = nearest(element.name, shape.children);
  warn(context, element, {
    code: 'VNM002',
    message: `<${element.name}> is not known in <${element.parent?.name ?? ''}>; it is ignored`,
    found: element.name,
    ...(shape.children.length > 0 ? { allowed: shape.children.join(', ') } : {}),
    hint: meant === undefined ? 'remove it' : `did you mean <${meant}>?`,
  });
}
