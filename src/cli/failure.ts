import { isVirtnetError, type VirtnetError } from '../base/errors.ts';
import { FAILED, USAGE } from './exit.ts';
import type { Io } from './io.ts';
import { formatDiagnostic } from './render/diagnostics.ts';
import { clean, wrap } from './render/text.ts';

/** Says what failed, in words on stderr or, with --json, as `{"error": ...}` on stdout. Returns the exit code. */
export function reportFailure(io: Io, error: unknown, json: boolean): number {
  if (!isVirtnetError(error)) {
    const message = error instanceof Error ? error.message : String(error);
    if (json) io.out(`${JSON.stringify({ error: { message } }, null, 2)}\n`);
    else
      io.err(
        `${io.errStyle.red('error')}: ${clean(message)}\n${io.env['VIRTNET_DEBUG'] && error instanceof Error ? `${error.stack ?? ''}\n` : ''}`,
      );
    return FAILED;
  }
  if (json) io.out(`${JSON.stringify({ error: { ...error.toJSON(), message: error.message } }, null, 2)}\n`);
  else io.err(formatError(error, io));
  return error.code.startsWith('VNU') ? USAGE : FAILED;
}

function formatError(error: VirtnetError, io: Io): string {
  const style = io.errStyle;
  const findings = error.diagnostics.map((d) => formatDiagnostic(d, undefined, style, io.width));
  // A finding that says all that the error does is shown in its place: it knows the network as well. So are all where the error counts the others.
  const said = error.message.replace(/ \(and \d+ more\)$/, '');
  if (error.diagnostics.some((d) => d.message === said)) return findings.join('');
  const lines = [`${style.red('error')}: ${style.bold(clean(error.message.replaceAll(/\s*\n\s*/g, '; ')))} [${error.code}]`];
  const stderr = error.details['stderr'];
  if (typeof stderr === 'string' && stderr.trim() !== '' && !error.message.includes(stderr.trim())) {
    for (const line of stderr.trim().split('\n').slice(0, 12)) lines.push(`      ${style.dim('|')} ${clean(line)}`);
  }
  if (error.hint !== undefined) {
    const [first = '', ...rest] = wrap(clean(error.hint), io.width - 12);
    lines.push(`      ${style.cyan('hint:')} ${first}`, ...rest.map((r) => `            ${r}`));
  }
  return `${lines.join('\n')}\n${findings.join('')}`;
}
