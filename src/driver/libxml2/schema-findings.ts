import { lineIndex } from '../../base/source.ts';
import type { Diagnostic } from '../../base/diagnostic.ts';
import type { XmlElement } from '../../xml/node.ts';
import { elements, textOf } from '../../xml/node.ts';
import { parseXml } from '../../xml/parse.ts';
import type { Shape } from './schema.ts';
import { networkShape, portShape } from './schema.ts';

const ROOTS: Readonly<Record<string, Shape>> = { network: networkShape, networkport: portShape };

interface Finding {
  readonly code: string;
  readonly message: string;
  readonly start: number;
  readonly end: number;
}

/** What libvirt's schema refuses in a network's or port's document; nothing for a text that is neither. */
export function schemaFindings(xml: string): readonly Diagnostic[] {
  const { document } = parseXml(xml);
  if (document === undefined) return [];
  const { root } = document;
  const shape = ROOTS[root.local];
  if (shape === undefined) return [];
  const index = lineIndex(document.text);
  const found = root.namespace === undefined ? within(root, shape) : [at(root, 'VNM001', `<${root.name}> has a namespace`)];
  return found.map(({ start, end, ...finding }) => ({
    ...finding,
    severity: 'error',
    span: { start, end },
    position: index.positionOf(start),
  }));
}

function within(element: XmlElement, shape: Shape): readonly Finding[] {
  const { attributes = {}, apart = [], needs = [] } = shape;
  const missing = Object.keys(attributes).filter((name) => !name.endsWith('?') && !has(element, name));
  return [
    ...element.attributes.flatMap(({ name, value, start, valueStart, valueEnd }) => {
      const kind = attributes[name] ?? attributes[`${name}?`];
      if (kind === undefined) return [{ code: 'VNM003', message: `<${element.name}> has no attribute '${name}'`, start, end: valueEnd }];
      if (kind(value)) return [];
      return [{ code: 'VNM013', message: `'${value}' is no value of ${element.name}'s ${name}`, start: valueStart, end: valueEnd }];
    }),
    ...missing.map((name) => at(element, 'VNM010', `<${element.name}> has no ${name}`)),
    ...apart
      .filter((names) => names.filter((name) => has(element, name)).length > 1)
      .map((names) => at(element, 'VNM003', `<${element.name}> has ${names.join(' and ')}`)),
    ...(needs.length === 0 || needs.some((name) => has(element, name))
      ? []
      : [at(element, 'VNM010', `<${element.name}> has no ${needs.join(' or ')}`)]),
    ...contentOf(element, shape),
  ];
}

/** An attribute or child of that name. */
function has(element: XmlElement, name: string): boolean {
  return element.attributes.some((a) => a.name === name) || elements(element).some((child) => keyOf(child) === name);
}

function contentOf(element: XmlElement, { children = {}, text, anything }: Shape): readonly Finding[] {
  const inside = elements(element);
  if (text !== undefined) {
    if (inside[0]) return [at(inside[0], 'VNM002', `<${element.name}> holds text alone`)];
    return text(textOf(element)) ? [] : [at(element, 'VNM013', `'${textOf(element)}' is no ${element.name}`)];
  }
  const stray = element.children.find((child) => (child.kind === 'text' || child.kind === 'cdata') && child.value.trim() !== '');
  const findings = stray ? [{ code: 'VNM005', message: `text in <${element.name}>`, start: stray.start, end: stray.end }] : [];
  if (anything) return findings;
  const numbers = Object.keys(children).flatMap((key) => {
    const name = key.replace(/[?*+]$/, '');
    const [first, second] = inside.filter((child) => keyOf(child) === name);
    if (first === undefined) return /[?*]$/.test(key) ? [] : [at(element, 'VNM010', `<${element.name}> has no <${name}>`)];
    return second === undefined || /[*+]$/.test(key) ? [] : [at(second, 'VNM004', `<${name}> stands twice in <${element.name}>`)];
  });
  const parts = inside.flatMap((child) => {
    const key = keyOf(child);
    const shape = ['', '?', '*', '+'].map((count) => children[key + count]).find((one) => one !== undefined);
    if (shape === undefined) return [at(child, 'VNM002', `<${child.name}> is not known in <${element.name}>`)];
    return within(child, typeof shape === 'function' ? shape(child) : shape);
  });
  return [...findings, ...numbers, ...parts];
}

/** The element's name as the shapes have it. */
function keyOf({ name, local, namespace }: XmlElement): string {
  return namespace === undefined ? name : `{${namespace}}${local}`;
}

function at({ start, openEnd }: XmlElement, code: string, message: string): Finding {
  return { code, message, start, end: openEnd };
}
