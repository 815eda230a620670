/** Text for a terminal: nothing from a document may move the cursor, and columns count what the eye sees. */

// C0, DEL and C1 controls, line and paragraph separators, and the marks that turn the writing direction.

const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]$/u;
const ZERO = /^[\p{Mn}\p{Me}\u200b-\u200d\ufeff]$/u;

const COLOUR = /\u001b\[[0-9;]*m/g;

/** The text with control characters shown as `\xNN` or `\uNNNN`, so that a name cannot hide or overwrite anything. */
export function clean(text: string): string {
  return text.replace(UNSAFE, (c) => {
    const code = c.charCodeAt(0);
    if (c === '\n') return '\\n';
    if (c === '\t') return '\\t';
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** A sentence for people of which each value is cleaned: sentence`${name} is up` and a line break of its own. */
export function sentence(words: TemplateStringsArray, ...values: readonly string[]): string {
  return `${words.map((word, i) => word + clean(values[i] ?? '')).join('')}\n`;
}

/** How many terminal columns the text takes; colours take none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const c of text.replace(COLOUR, '')) width += ZERO.test(c) ? 0 : WIDE.test(c) ? 2 : 1;
  return width;
}

/** The text filled with spaces on the right (or the left) to `width` columns. */
export function pad(text: string, width: number, side: 'left' | 'right' = 'left'): string {
  const fill = ' '.repeat(Math.max(0, width - widthOf(text)));
  return side === 'left' ? text + fill : fill + text;
}

/** The text cut to `width` columns, its end replaced by `…` when it is longer. For plain text without colours. */
export function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let out = '';
  let used = 0;
  for (const c of text) {
    const w = widthOf(c);
    if (used + w > width - 1) break;
    out += c;
    used += w;
  }
  return `${out}…`;
}

/** A command line for a shell: what is offered to be typed must do what it says, whatever the words hold. */
export function shellLine(...words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}

/** Control characters are never shown as they are: bash, zsh and ksh read them in the `$''` form. */
function shellWord(word: string): string {
  if (/^[\w.,/:=@%+-]+$/.test(word)) return word;
  if (clean(word) === word) return `'${word.replaceAll("'", "'\\''")}'`;
  return `$'${clean(word.replaceAll(/[\\']/g, '\\$&'))}'`;
}

/** Breaks words to lines of at most `width` columns; a longer word stands alone. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((w) => w !== '')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return line === '' ? lines : [...lines, line];
}

/** `1 guest`, `3 guests`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${String(n)} ${n === 1 ? one : many}`;
}

/** A number of bytes in the largest unit (of 1,024) that leaves at least 1: `512`, `1.5K`, `20M`. */
export function formatBytes(bytes: number): string {
  const units = ['', 'K', 'M', 'G', 'T', 'P'];
  let n = bytes;
  let unit = 0;
  for (; n >= 1024 && unit < units.length - 1; unit++) n /= 1024;
  return `${n < 10 && unit > 0 ? n.toFixed(1) : String(Math.floor(n))}${units[unit] ?? ''}`;
}

/** A duration in its two largest units: `2h 5m`, `45s`, `3d`. Negative ones count as 0. */
export function formatDuration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(s / 86400), 'd'],
    [Math.floor(s / 3600) % 24, 'h'],
    [Math.floor(s / 60) % 60, 'm'],
    [s % 60, 's'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  if (first < 0) return '0s';
  const two = parts.slice(first, first + 2).filter(([n]) => n > 0);
  return two.map(([n, unit]) => `${String(n)}${unit}`).join(' ');
}
