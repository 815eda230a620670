import { isSpace, isXmlCharacter, nameEnd, skipSpace } from '../../xml/characters.ts';

/** Where libxml2 stops reading a text, and what it says. */
export interface Libxml2Fault {
  /** Offset of the character that it has come to. */
  readonly caret: number;
  /** 1-based: it counts on while it still looks for the end of a run of text. */
  readonly line: number;
  readonly words: string;
  /** The replacement text of a parameter entity, and the offset in it, where that is what libxml2 reads. */
  readonly inside?: { readonly text: string; readonly caret: number } | undefined;
}

/** Thrown at the first one. */
export class Fault extends Error implements Libxml2Fault {
  readonly caret: number;
  readonly line: number;
  readonly words: string;
  readonly inside: Libxml2Fault['inside'];

  constructor(caret: number, line: number, words: string, inside?: Libxml2Fault['inside']) {
    super(words);
    this.caret = caret;
    this.line = line;
    this.words = words;
    this.inside = inside;
  }
}

/** Thrown where it is not known what libxml2 says. */
export class Unknown extends Error {}

/** A place in a text, and what stands in many places: blanks, names, comments, instructions. */
export class Libxml2Scanner {
  protected readonly text: string;
  protected pos = 0;

  constructor(text: string) {
    this.text = text;
  }

  protected at(what: string): boolean {
    return this.text.startsWith(what, this.pos);
  }

  protected char(): string | undefined {
    return this.text[this.pos];
  }

  protected ended(): boolean {
    return this.pos >= this.text.length;
  }

  /** True for the bytes from 0x20 on and white space. */
  protected isByteCharacter(): boolean {
    const code = this.text.charCodeAt(this.pos);
    return code >= 0x20 || isSpace(code);
  }

  protected isCharacter(at = this.pos): boolean {
    const code = this.text.codePointAt(at);
    return code !== undefined && isXmlCharacter(code);
  }

  protected next(at = this.pos): number {
    return at + ((this.text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1);
  }

  /** Whether there were any. */
  protected blanks(): boolean {
    const from = this.pos;
    this.pos = skipSpace(this.text, from);
    return this.pos > from;
  }

  protected name(): string | undefined {
    const from = this.pos;
    this.pos = nameEnd(this.text, from);
    return this.pos === from ? undefined : this.text.slice(from, this.pos);
  }

  lineOf(at = this.pos): number {
    let line = 1;
    for (let end = this.text.indexOf('\n'); end >= 0 && end < at; end = this.text.indexOf('\n', end + 1)) line++;
    return line;
  }

  protected fail(words: string, caret = this.pos, line = this.lineOf()): never {
    throw new Fault(caret, line, words);
  }

  protected misc(): void {
    for (;;) {
      this.blanks();
      if (this.at('<?')) this.instruction();
      else if (this.at('<!--')) this.comment();
      else return;
    }
  }

  protected instruction(): void {
    this.pos += 2;
    const target = this.name();
    if (target === undefined) this.fail('xmlParsePI : no target name');
    if (target === 'xml') this.fail('XML declaration allowed only at the start of the document');
    if (target.toLowerCase() === 'xml') this.fail('Invalid PI name');
    if (this.at('?>')) this.pos += 2;
    else {
      if (!this.blanks()) this.fail(`ParsePI: PI ${target} space expected`);
      while (this.isCharacter() && !this.at('?>')) this.pos = this.next();
      if (!this.at('?>')) this.fail(`ParsePI: PI ${target} never end ...`);
      this.pos += 2;
    }
  }

  /** From the first character on that is not plain ASCII it has other words. */
  protected comment(): void {
    const from = (this.pos += 4);
    let isPlain = true;
    while (!this.at('-->')) {
      const code = this.text.codePointAt(this.pos) ?? 0;
      if (code >= 0x80 || (code === 0x0d && this.text[this.pos + 1] !== '\n')) isPlain = false;
      const before = this.text.slice(from, Math.min(this.pos, from + 50));
      if (code === 0x2d && this.at('--')) {
        if (isPlain) this.fail(`Double hyphen within comment${before === '' ? '' : `: <!--${before}`}`);
        this.pos += 2;
        this.fail("Comment must not contain '--' (double-hyphen)");
      }
      if (this.ended()) this.fail(`Comment not terminated${isPlain ? '' : ` \n<!--${firstBytes(before, 50)}`}`);
      if (!this.isCharacter()) this.fail(`xmlParseComment: invalid xmlChar value ${String(code)}`);
      this.pos = this.next();
    }
    this.pos += 3;
  }
}

/** As many whole characters as fit into so many bytes of UTF-8. */
export function firstBytes(text: string, most: number): string {
  let length = 0;
  let out = '';
  for (const c of text) {
    length += Buffer.byteLength(c);
    if (length > most) break;
    out += c;
  }
  return out;
}
