import type { OracleError } from '../client.ts';
import type { Diagnostic } from '../../../src/base/diagnostic.ts';
import { deviationOf } from '../../../src/network/deviations.ts';

/** What came of giving one input to both. */
export interface Comparison {
  readonly verdict: 'accepted' | 'refused' | 'deviation' | 'differs';
  readonly input: string;
  readonly ours: string;
  readonly theirs: string;
}

/** One side's answer: a text (the document as it is kept) or an error. */
export interface Answer {
  readonly text?: string;
  readonly error?: Pick<OracleError, 'code' | 'message'> & { readonly domain?: number };
}

/** Our answer out of a value's text and the diagnostics: the first error is the one that counts. */
export function answerOf(text: string | undefined, diagnostics: readonly Diagnostic[]): Answer {
  const first = diagnostics.find((d) => d.severity === 'error');
  if (!first) return text === undefined ? {} : { text };
  return { error: first.libvirt ?? { code: 0, message: `${first.code} ${first.message} (libvirt would accept)` } };
}

/** Compares the answers: errors by code, domain and message (of malformed XML, whose words are libxml2's, code and line), texts byte for byte. */
export function judge(input: string, ours: Answer, theirs: Answer, diagnostics: readonly Diagnostic[]): Comparison {
  const show = (a: Answer): string =>
    a.error ? `error ${String(a.error.code)}/${String(a.error.domain ?? 19)} ${a.error.message}` : (a.text ?? 'nothing');
  const both = { input, ours: show(ours), theirs: show(theirs) };
  const declared = diagnostics.some((d) => deviationOf(d) !== undefined);
  if (ours.error && theirs.error) {
    return { ...both, verdict: sameError(ours.error, theirs.error) ? 'refused' : declared ? 'deviation' : 'differs' };
  }
  if (!ours.error && !theirs.error && ours.text === theirs.text) return { ...both, verdict: 'accepted' };
  if (declared || (ours.text && theirs.text && unescaped(ours.text) === unescaped(theirs.text))) return { ...both, verdict: 'deviation' };
  const difference = ours.error || theirs.error ? both : { ...both, ...firstDifference(ours.text ?? '', theirs.text ?? '') };
  return { ...difference, verdict: 'differs' };
}

/** For the deviation `names-escaped`: libvirt leaves some names as they are. */
function unescaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => entities[name] ?? '');
}

function sameError(a: NonNullable<Answer['error']>, b: NonNullable<Answer['error']>): boolean {
  if (a.code !== b.code || (a.domain ?? 19) !== (b.domain ?? 19)) return false;
  const line = /^at line (\d+): /.exec(b.message)?.[1];
  return a.message === b.message || (line !== undefined && a.message.startsWith(`at line ${line}: `));
}

function firstDifference(ours: string, theirs: string): { readonly ours: string; readonly theirs: string } {
  const a = ours.split('\n');
  const b = theirs.split('\n');
  const at = a.findIndex((line, i) => line !== b[i]);
  const from = Math.max(0, at - 1);
  return { ours: a.slice(from, from + 4).join('\n'), theirs: b.slice(from, from + 4).join('\n') };
}
