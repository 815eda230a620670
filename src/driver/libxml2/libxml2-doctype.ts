import { isXmlCharacter, nameEnd } from '../../xml/characters.ts';
import { characterFault, Libxml2References, LOOP, type Entity } from './libxml2-references.ts';
import { Fault, Unknown } from './libxml2-scanner.ts';

/** libxml2 takes deeper ones for a loop, and finds loops so. */
const PARAMETER_DEPTH = 40;
/** At the end of an external identifier: a URI with a fragment. */
const FRAGMENT = /(["'])[^\s"'<>\\^`{|}[\]%#]*#[^\s"'<>\\^`{|}[\]%#]*\1$/;
const PUBLIC_ID = /^[ \r\na-zA-Z0-9\-'()+,./:=?;!*#@$_%]$/;

/** Reads document type declarations. */
export class Libxml2DoctypeReader extends Libxml2References {
  protected doctype(): void {
    this.pos += 9;
    this.blanks();
    if (this.name() === undefined) this.fail('xmlParseDocTypeDecl : no DOCTYPE name !');
    this.blanks();
    this.lenient = this.#externalId(true) && !this.isStandalone;
    this.blanks();
    if (this.char() === '[') {
      this.pos++;
      this.#declarations(() => this.char() === ']');
      this.pos++;
      this.blanks();
    }
    if (this.char() !== '>') this.fail('DOCTYPE improperly terminated');
    this.pos++;
  }

  /** Whether there is one. `strict`: a public identifier has a system identifier behind it. */
  #externalId(strict: boolean): boolean {
    if (this.at('SYSTEM')) {
      this.pos += 6;
      if (!this.blanks()) this.fail("Space required after 'SYSTEM'");
      this.#literal(isXmlCharacter);
      return true;
    }
    if (!this.at('PUBLIC')) return false;
    this.pos += 6;
    if (!this.blanks()) this.fail("Space required after 'PUBLIC'");
    this.#literal((code) => PUBLIC_ID.test(String.fromCodePoint(code)));
    const hasSpace = this.blanks();
    if (!strict && (!hasSpace || !/["']/.test(this.char() ?? ''))) return true;
    if (!hasSpace) this.fail('Space required after the Public Identifier');
    this.#literal(isXmlCharacter);
    return true;
  }

  #literal(may: (code: number) => boolean): void {
    const quote = this.char();
    if (quote !== '"' && quote !== "'") this.fail('SystemLiteral " or \' expected');
    this.pos++;
    while (this.char() !== quote) {
      const code = this.text.codePointAt(this.pos);
      if (code === undefined || !may(code)) this.fail('Unfinished System or Public ID " or \' expected');
      this.pos = this.next();
    }
    this.pos++;
  }

  #declarations(isEnd: () => boolean): void {
    while (!isEnd()) {
      const from = this.pos;
      this.blanks();
      if (this.at('<!EL')) this.#elementDeclaration();
      else if (this.at('<!EN')) this.#entityDeclaration();
      else if (this.at('<!A')) this.#attributesDeclaration();
      else if (this.at('<!N')) this.#notationDeclaration();
      else if (this.at('<!--')) this.comment();
      else if (this.at('<?')) this.instruction();
      if (this.char() === '%') this.#parameter();
      if (this.pos === from) this.fail('internal error: xmlParseInternalSubset: error detected in Markup declaration\n');
    }
  }

  #parameter(): void {
    this.pos++;
    const name = this.name();
    if (name === undefined) this.fail('PEReference: no name');
    if (this.char() !== ';') this.fail("PEReference: expecting ';'");
    this.pos++;
    const { parameters } = this.declared;
    const value = parameters.get(name);
    if (parameters.has(name) && value === undefined) return;
    if (value === undefined && !this.lenient) this.fail(`PEReference: %${name}; not found`);
    this.lenient = !this.isStandalone;
    if (value !== undefined) this.#include(value);
  }

  /** Reads the declarations of a parameter entity in the place of its reference. */
  #include(value: string): void {
    if (this.declared.depth >= PARAMETER_DEPTH) {
      throw new Fault(this.pos, this.lineOf(), LOOP, { text: this.text, caret: this.pos });
    }
    this.spend(value);
    const inner = new Libxml2DoctypeReader(value, this.declared);
    inner.lenient = this.lenient;
    inner.isStandalone = this.isStandalone;
    this.declared.depth++;
    try {
      inner.#declarations(() => inner.ended());
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      // It has left an entity that it has read to its end.
      const inside = fault.caret < value.length ? { text: value, caret: fault.caret } : undefined;
      throw new Fault(this.pos, fault.inside ? fault.line : this.lineOf(), fault.words, fault.inside ?? inside);
    }
    this.declared.depth--;
  }

  #elementDeclaration(): void {
    if (!this.at('<!ELEMENT')) return;
    this.pos += 9;
    if (!this.blanks()) this.fail("Space required after 'ELEMENT'");
    if (this.name() === undefined) this.fail('xmlParseElementDecl: no name for Element');
    if (!this.blanks()) this.fail('Space required after the element name');
    const model = /EMPTY|ANY|\(\w+(?:\|\w+)*\)[*+?]?(?=\s*>)/y;
    model.lastIndex = this.pos;
    const found = model.exec(this.text)?.[0];
    if (found === undefined) {
      if (this.char() === '(') throw new Unknown();
      if (this.char() === '%') this.fail('PEReference: forbidden within markup decl in internal subset');
      this.fail("xmlParseElementDecl: 'EMPTY', 'ANY' or '(' expected");
    }
    this.pos += found.length;
    this.blanks();
    if (this.char() !== '>') this.fail("expected '>'");
    this.pos++;
  }

  #entityDeclaration(): void {
    if (!this.at('<!ENTITY')) return;
    this.pos += 8;
    if (!this.blanks()) this.fail("Space required after '<!ENTITY'");
    const isParameter = this.char() === '%';
    if (isParameter) {
      this.pos++;
      if (!this.blanks()) this.fail("Space required after '%%'");
    }
    const name = this.name();
    if (name === undefined) this.fail('xmlParseEntityDecl: no name');
    if (!this.blanks()) this.fail('Space required after the entity name');
    let value: string | undefined;
    let kind: Entity['kind'] = 'internal';
    if (/["']/.test(this.char() ?? '')) value = this.#entityValue();
    else {
      kind = 'external';
      const from = this.pos;
      if (!this.#externalId(true)) this.fail('Entity value required');
      if (FRAGMENT.test(this.text.slice(from, this.pos))) this.fail('Fragment not allowed');
      if (!isParameter && this.char() !== '>' && !this.blanks()) this.fail("Space required before 'NDATA'");
      if (!isParameter && this.at('NDATA')) {
        kind = 'unparsed';
        this.pos += 5;
        if (!this.blanks()) this.fail("Space required after 'NDATA'");
        this.name();
      }
    }
    this.blanks();
    if (this.char() !== '>') this.fail(`xmlParseEntityDecl: entity ${name} not terminated`);
    this.pos++;
    const { entities, parameters } = this.declared;
    if (isParameter) {
      if (!parameters.has(name)) parameters.set(name, value);
    } else if (!entities.has(name)) {
      entities.set(name, { kind, value: value ?? '', hasMarkup: value?.includes('<') ?? false, isChecked: false });
    }
  }

  /** The replacement text: character references are resolved where an entity is declared. */
  #entityValue(): string {
    const quote = this.char();
    const from = ++this.pos;
    while (this.isCharacter() && this.char() !== quote) this.pos = this.next();
    if (this.char() !== quote) this.fail('EntityValue: " or \' expected');
    const value = this.text.slice(from, this.pos++);
    for (let at = 0; at < value.length; at++) {
      const c = value[at];
      if (c !== '%' && (c !== '&' || value[at + 1] === '#')) continue;
      const end = nameEnd(value, at + 1);
      if (end === at + 1 || value[end] !== ';') this.fail(`EntityValue: '${c}' forbidden except for entities references`);
      if (c === '%') this.fail('PEReferences forbidden in internal subset');
      at = end;
    }
    for (const [reference] of value.matchAll(/&#x?[\da-fA-F]*;?/g)) {
      const fault = characterFault(reference);
      if (fault) this.fail(fault.replace('xmlParseCharRef', 'xmlParseStringCharRef'));
    }
    return value.replace(/&#(x?)([\da-fA-F]+);/g, (_, x: string, digits: string) => String.fromCodePoint(parseInt(digits, x ? 16 : 10)));
  }

  #attributesDeclaration(): void {
    if (!this.at('<!ATTLIST')) return;
    this.pos += 9;
    if (!this.blanks()) this.fail("Space required after '<!ATTLIST'");
    if (this.name() === undefined) this.fail('ATTLIST: no name for Element');
    this.blanks();
    while (this.char() !== '>') {
      if (this.name() === undefined) this.fail('ATTLIST: no name for Attribute');
      if (!this.blanks()) this.fail('Space required after the attribute name');
      if (/^(?:ID|ENTIT|NMTOKEN|NOTATION|\()/.test(this.text.slice(this.pos, this.pos + 8))) throw new Unknown();
      if (!this.at('CDATA')) this.fail("'(' required to start ATTLIST enumeration");
      this.pos += 5;
      if (!this.blanks()) this.fail('Space required after the attribute type');
      if (this.char() === '#') throw new Unknown();
      this.attributeValue();
      if (this.char() !== '>' && !this.blanks()) this.fail('Space required after the attribute default value');
    }
    this.pos++;
  }

  #notationDeclaration(): void {
    if (!this.at('<!NOTATION')) return;
    this.pos += 10;
    if (!this.blanks()) this.fail("Space required after '<!NOTATION'");
    if (this.name() === undefined) this.fail('NOTATION: Name expected here');
    if (!this.blanks()) this.fail("Space required after the NOTATION name'");
    this.#externalId(false);
    this.blanks();
    if (this.char() !== '>') this.fail("'>' required to close NOTATION declaration");
    this.pos++;
  }
}
