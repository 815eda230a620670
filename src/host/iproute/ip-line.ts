import { VirtnetError } from '../../base/errors.ts';

/** One command of ip(8) or tc(8), as arguments: `['link', 'set', 'dev', 'virbr0', 'up']`. */
export type IpArgs = readonly string[];

/**
 * Writes arguments as one line of a batch. iproute2 splits at blanks, knows '...' and "..." without escapes, cuts a line at any `#`
 * and joins lines at a backslash (lib/utils.c: getcmdline, makeargs).
 * @throws VirtnetError VNH001 for a value that such a line cannot carry.
 */
export function batchLine(args: IpArgs): string {
  return args.map(quoteIp).join(' ');
}

function quoteIp(value: string): string {
  if (/^[\w.:/@+,%=~^*?-]+$/.test(value)) return value;
  const quote = value.includes('"') ? "'" : '"';

  if (/[#\\\u0000-\u001f\u007f]/.test(value) || value.includes(quote))
    throw new VirtnetError({
      code: 'VNH001',
      message: `ip(8) cannot be told the value ${JSON.stringify(value)}`,
      hint: 'use a name without "#", backslashes, control characters or mixed quotes',
      details: { value },
    });
  return `${quote}${value}${quote}`;
}
