/**
 * Text on the wire is bytes; libvirt neither checks nor changes its encoding. Bytes that are not UTF-8 are kept as lone low
 * surrogates U+DC80 to U+DCFF (the convention of Python's `surrogateescape`, PEP 383), so that an answer gives them back unchanged.
 */

const REPLACEMENT = '\uFFFD';
/** With the `u` flag a surrogate that is part of a pair does not match. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes to text; cut at the first NUL, as a C string is. */
export function decodeText(bytes: Buffer): string {
  const nul = bytes.indexOf(0);
  const cut = nul === -1 ? bytes : bytes.subarray(0, nul);
  const text = cut.toString('utf8');
  return text.includes(REPLACEMENT) ? decodeLossless(cut) : text;
}

/** The inverse of `decodeText`. */
export function encodeText(text: string): Buffer {
  return LONE_SURROGATE.test(text) ? encodeEscaped(text) : Buffer.from(text, 'utf8');
}

function decodeLossless(bytes: Buffer): string {
  let text = '';
  let offset = 0;
  while (offset < bytes.length) {
    const length = sequenceLength(bytes, offset);
    text += length === 0 ? String.fromCharCode(0xdc00 + byteAt(bytes, offset)) : bytes.toString('utf8', offset, offset + length);
    offset += length === 0 ? 1 : length;
  }
  return text;
}

/** Length of the well-formed UTF-8 sequence at `offset`, 0 when there is none. */
function sequenceLength(bytes: Buffer, offset: number): number {
  const lead = byteAt(bytes, offset);
  const length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (length <= 1) return length;
  if (offset + length > bytes.length) return 0;
  try {
    strict.decode(bytes.subarray(offset, offset + length));
    return length;
  } catch {
    return 0;
  }
}

function encodeEscaped(text: string): Buffer {
  const parts: Buffer[] = [];
  for (const character of text) {
    const unit = character.charCodeAt(0);
    const escaped = character.length === 1 && unit >= 0xdc80 && unit <= 0xdcff;
    parts.push(escaped ? Buffer.of(unit - 0xdc00) : Buffer.from(character, 'utf8'));
  }
  return Buffer.concat(parts);
}

function byteAt(bytes: Buffer, offset: number): number {
  return bytes[offset] ?? 0;
}
