import type { Diagnostic, Severity, Span } from '../../base/diagnostic.ts';
import type { Style } from './style.ts';
import { clean, count, widthOf, wrap } from './text.ts';

/** A text that diagnostics point into. */
export interface SourceText {
  readonly name: string;
  readonly text: string;
}

const TAB = 4;

/**
 * A finding as a compiler shows it:
 *
 *     net.xml:5:40: error: range end "192.168.9.1" is outside 192.168.122.0/24 [VNM040]
 *         5 |     <range start='192.168.122.2' end='192.168.9.1'/>
 *           |                                       ^^^^^^^^^^^
 *           hint: ...
 */
export function formatDiagnostic(d: Diagnostic, source: SourceText | undefined, style: Style, width: number): string {
  const span = source && (d.span ?? spanAt(source.text, d));
  const at = source && span ? placeOf(source.text, span.start) : d.position;
  const name = clean(d.source ?? source?.name ?? '');
  const place = [name, at?.line, at?.column].filter((p) => p !== undefined && p !== '').join(':');
  const lines = [`${place === '' ? '' : `${style.bold(place)}: `}${paint(style, d.severity)}: ${style.bold(clean(d.message))} [${d.code}]`];
  if (source && span) lines.push(...excerpt(source.text, span, d.severity, style, width));
  const note = (label: string, text: string): void => {
    const [first = '', ...rest] = wrap(clean(text), Math.max(20, width - 8 - label.length));
    lines.push(`      ${style.cyan(label)} ${first}`, ...rest.map((r) => `      ${' '.repeat(label.length)} ${r}`));
  };
  if (d.found !== undefined && !d.message.includes(d.found)) note('found:', d.found);
  if (d.allowed !== undefined && !d.message.includes(d.allowed)) note('allowed:', d.allowed);
  for (const r of d.related ?? []) {
    const where = source && r.span ? placeOf(source.text, r.span.start) : undefined;
    note('see:', `${where ? `${source?.name ?? ''}:${String(where.line)}:${String(where.column)}: ` : ''}${r.message}`);
  }
  if (d.hint !== undefined) note('hint:', d.hint);
  return `${lines.join('\n')}\n`;
}

/** More than anybody reads of one document; --json gives them all. */
const SHOWN = 100;

/** Findings one after the other; of very many the first ones, errors before all others. */
export function formatDiagnostics(diagnostics: readonly Diagnostic[], source: SourceText | undefined, style: Style, width: number): string {
  const left = diagnostics.length - SHOWN;
  const format = (d: Diagnostic): string => formatDiagnostic(d, source, style, width);
  if (left <= 0) return diagnostics.map(format).join('');
  const [errors, others] = [diagnostics.filter(isError), diagnostics.filter((d) => !isError(d))];
  return `${[...errors, ...others].slice(0, SHOWN).map(format).join('')}${count(left, 'finding')} more: --json gives all\n`;
}

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error';
}

/** `2 errors, 1 warning`; empty when there is nothing to say. */
export function formatTotals(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(isError).length;
  const warnings = diagnostics.filter((d) => d.severity === 'warning').length;
  return [errors > 0 ? count(errors, 'error') : '', warnings > 0 ? count(warnings, 'warning') : ''].filter((t) => t !== '').join(', ');
}

/** Line and column of an offset, from 1; columns in UTF-16 code units. CRLF and CR end a line as LF does. */
export function placeOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  let line = 1;
  let start = 0;
  for (const m of text.matchAll(/\r\n|\r|\n/g)) {
    const next = m.index + m[0].length;
    if (next > offset) break;
    line += 1;
    start = next;
  }
  return { line, column: offset - start + 1 };
}

function paint(style: Style, severity: Severity): string {
  if (severity === 'error') return style.red(severity);
  return severity === 'warning' ? style.yellow(severity) : style.cyan(severity);
}

/** An empty span at the diagnostic's position, for findings that carry only line and column. */
function spanAt(text: string, d: Diagnostic): Span | undefined {
  if (!d.position) return undefined;
  let start = 0;
  let line = 1;
  for (const m of text.matchAll(/\r\n|\r|\n/g)) {
    if (line === d.position.line) break;
    start = m.index + m[0].length;
    line += 1;
  }
  if (line !== d.position.line) return undefined;
  const at = Math.min(start + d.position.column - 1, text.length);
  return { start: at, end: at };
}

/** The source line of the span's start with carets under the span, cut to a window of the terminal's width. */
function excerpt(text: string, span: Span, severity: Severity, style: Style, width: number): string[] {
  const { line, column } = placeOf(text, span.start);
  const start = span.start - (column - 1);
  const rest = /[^\r\n]*/.exec(text.slice(start, start + 100_000))?.[0] ?? '';
  const from = column - 1;
  const to = Math.max(from, Math.min(span.end - start, rest.length));
  const gutter = String(line).padStart(5);
  const room = Math.max(20, width - gutter.length - 3);
  // A long line is shown around the span: a third of the room before it.
  let cutFrom = 0;
  if (widthOf(expand(rest)) > room && widthOf(expand(rest.slice(0, to))) > room - 1) cutFrom = Math.max(0, from - Math.floor(room / 3));
  const head = (cutFrom > 0 ? '…' : '') + expand(rest.slice(cutFrom, from));
  const marked = expand(rest.slice(from, to));
  let shown = head + marked + expand(rest.slice(to));
  let carets = Math.max(1, widthOf(marked));
  if (widthOf(shown) > room) {
    const kept: string[] = [];
    let used = 0;
    for (const c of shown) {
      used += widthOf(c);
      if (used > room - 1) break;
      kept.push(c);
    }
    shown = `${kept.join('')}…`;
    carets = Math.max(1, Math.min(carets, room - widthOf(head)));
  }
  const underline = ' '.repeat(widthOf(head)) + '^'.repeat(carets);
  return [
    `${style.dim(`${gutter} |`)} ${shown}`.trimEnd(),
    `${style.dim(`${' '.repeat(gutter.length)} |`)} ${severity === 'error' ? style.red(underline) : style.yellow(underline)}`,
  ];
}

/** Tabs as spaces, other controls visible. */
function expand(text: string): string {
  return clean(text.replaceAll('\t', ' '.repeat(TAB)));
}
