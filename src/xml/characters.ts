/** Name characters of XML 1.0 (fifth edition), productions 4 and 4a. */
const START = String.raw`:A-Z_a-z\u{C0}-\u{D6}\u{D8}-\u{F6}\u{F8}-\u{2FF}\u{370}-\u{37D}\u{37F}-\u{1FFF}\u{200C}-\u{200D}\u{2070}-\u{218F}\u{2C00}-\u{2FEF}\u{3001}-\u{D7FF}\u{F900}-\u{FDCF}\u{FDF0}-\u{FFFD}\u{10000}-\u{EFFFF}`;
const NAME = new RegExp(String.raw`[${START}][${START}\-.0-9\u{B7}\u{300}-\u{36F}\u{203F}-\u{2040}]*`, 'uy');

/** What may not stand in a document: control characters, lone surrogates, U+FFFE and U+FFFF (production 2). */
// With the u flag the surrogate range matches lone surrogates only.
const FORBIDDEN = /[\0-\x08\x0B\x0C\x0E-\x1F\uD800-\uDFFF\uFFFE\uFFFF]/u;

const NAME_ASCII = new Uint8Array(128);
for (let c = 0; c < 128; c++)
  NAME_ASCII[c] = /[A-Za-z_:]/.test(String.fromCharCode(c)) ? 2 : /[-.0-9]/.test(String.fromCharCode(c)) ? 1 : 0;

/** Offset behind the name that starts at `at`; `at` itself when none does. */
export function nameEnd(text: string, at: number): number {
  let c = text.charCodeAt(at);
  if (c < 128 && NAME_ASCII[c] !== 2) return at;
  let end = at;
  while (c < 128 && NAME_ASCII[c] !== 0) c = text.charCodeAt(++end);
  if (!(c >= 128)) return end;
  NAME.lastIndex = at;
  const m = NAME.exec(text);
  return m ? at + m[0].length : at;
}

/** Offset of the first character that no document may hold; -1 when there is none. */
export function forbiddenAt(text: string): number {
  return text.search(FORBIDDEN);
}

/** True for a code point that a document may hold. */
export function isXmlCharacter(code: number): boolean {
  if (code < 0x20) return code === 9 || code === 10 || code === 13;
  return code < 0xd800 || (code >= 0xe000 && code < 0xfffe) || (code >= 0x10000 && code <= 0x10ffff);
}

/** True for space, tab, line feed and carriage return (production 3). */
export function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}

/** Offset of the first character at or after `at` that is not white space. */
export function skipSpace(text: string, at: number): number {
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}
