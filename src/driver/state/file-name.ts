import { createHash } from 'node:crypto';

/** Longest encoded stem in bytes: with `.xml`, a leading dot and a temp suffix it stays under the 255 of every file system. */
const MAX_STEM_BYTES = 200;

/** Names that stand for themselves; the others are looked at letter by letter. */
const EVERYDAY = /^[\w-][\w.-]{0,99}$/;

/**
 * The file name (without folder) that a network of this name is stored under: `NAME.xml`. A name may be anything without `/` and
 * newline, so what would be special in a folder is written as `%XX` of its UTF-8 bytes: `%`, `/`, control characters and a leading
 * dot. Two names never share a file; a name that is too long for a file ends in a hash of itself.
 */
export function definitionFile(name: string): string {
  if (EVERYDAY.test(name)) return `${name}.xml`;
  const encoded = [...name].map((c, i) => (mustEncode(c, i) ? percent(c) : c)).join('');
  if (Buffer.byteLength(encoded) <= MAX_STEM_BYTES) return `${encoded}.xml`;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 32);
  return `${clip(encoded, MAX_STEM_BYTES - 34)}%~${hash}.xml`;
}

function mustEncode(c: string, index: number): boolean {
  const code = c.codePointAt(0) ?? 0;
  return c === '%' || c === '/' || code < 0x20 || code === 0x7f || (c === '.' && index === 0);
}

function percent(c: string): string {
  return [...Buffer.from(c)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}

/** The longest prefix of whole characters that fits into so many bytes. */
function clip(text: string, maxBytes: number): string {
  let out = '';
  let bytes = 0;
  for (const c of text) {
    bytes += Buffer.byteLength(c);
    if (bytes > maxBytes) break;
    out += c;
  }
  return out;
}
