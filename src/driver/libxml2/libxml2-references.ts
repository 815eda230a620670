import { isXmlCharacter, nameEnd } from '../../xml/characters.ts';
import { Libxml2Scanner, Unknown } from './libxml2-scanner.ts';

/** Characters that entities may come to before it is not known what libxml2 says. */
const EXPANSION_LIMIT = 1_000_000;
const PREDEFINED: ReadonlySet<string> = new Set(['lt', 'gt', 'amp', 'quot', 'apos']);
export const LOOP = 'Detected an entity reference loop';
/** Entities deeper in one another than this are taken for a loop. */
const ENTITY_DEPTH = 40;

/** A general entity. */
export interface Entity {
  /** Outside the document: never fetched, and no XML where it has a notation. */
  readonly kind: 'internal' | 'external' | 'unparsed';
  /** Replacement text. */
  readonly value: string;
  /** There is a `<` in it. */
  readonly hasMarkup: boolean;
  /** Its text is read at the first reference, as an attribute's or as content. */
  isChecked: boolean;
}

/** What a document type declaration has declared so far. */
export interface Declared {
  readonly entities: Map<string, Entity>;
  /** Replacement texts; undefined for one outside the document, which is never fetched. */
  readonly parameters: Map<string, string | undefined>;
  /** Parameter entities that are being read, one in another. */
  depth: number;
  /** What entities may still come to. */
  room: number;
}

/** Reads the values of attributes, and references, by what a document has declared. */
export class Libxml2References extends Libxml2Scanner {
  /** Nothing outside the document may declare anything. */
  protected isStandalone = false;
  /** An entity that is not declared may be declared outside. */
  protected lenient = false;
  protected readonly declared: Declared;
  /** Entities that this text is in, as libxml2 counts them. */
  readonly #depth: number;

  constructor(
    text: string,
    declared: Declared = { entities: new Map(), parameters: new Map(), depth: 0, room: EXPANSION_LIMIT },
    depth = 0,
  ) {
    super(text);
    this.declared = declared;
    this.#depth = depth;
  }

  /** Reads the text of an entity as content, in the place of its reference. There is none in a document type declaration. */
  protected entity(_value: string, _declared: Declared, _depth: number): void {
    return;
  }

  protected attributeValue(): void {
    const quote = this.char();
    if (quote !== '"' && quote !== "'") this.fail('AttValue: " or \' expected');
    this.pos++;
    while (this.char() !== quote && this.char() !== '<' && this.isCharacter()) {
      if (this.char() === '&') this.reference(true);
      else this.pos = this.next();
    }
    if (this.char() === '<') this.fail("Unescaped '<' not allowed in attributes values");
    if (this.char() !== quote) this.fail(this.ended() ? "AttValue: ' expected" : 'invalid character in attribute value');
    this.pos++;
  }

  protected reference(inAttribute: boolean): void {
    if (this.at('&#')) {
      const found = characterReferenceAt(this.text, this.pos);
      this.pos += found.length;
      const fault = characterFault(found);
      if (fault) this.fail(fault);
      return;
    }
    this.pos++;
    const name = this.name();
    if (name === undefined) this.fail('xmlParseEntityRef: no name');
    if (this.char() !== ';') this.fail("EntityRef: expecting ';'");
    this.pos++;
    const entity = this.#lookup(name, inAttribute);
    if (entity === undefined || entity.kind === 'external' || entity.isChecked) return;
    if (inAttribute) this.#lookThrough(entity.value, this.#depth + 1);
    else {
      if (this.#depth + 1 > ENTITY_DEPTH) this.fail(LOOP);
      this.spend(entity.value);
      this.entity(entity.value, this.declared, this.#depth + 2);
    }
    entity.isChecked = true;
  }

  /** The entity of a reference; undefined for one of XML's own, and for one that may be declared outside. */
  #lookup(name: string, inAttribute: boolean): Entity | undefined {
    if (PREDEFINED.has(name)) return undefined;
    const entity = this.declared.entities.get(name);
    if (entity === undefined && !this.lenient) this.fail(`Entity '${name}' not defined`);
    if (entity?.kind === 'unparsed') this.fail(`Entity reference to unparsed entity ${name}`);
    if (entity !== undefined && inAttribute) {
      if (entity.kind === 'external') this.fail(`Attribute references external entity '${name}'`);
      if (entity.hasMarkup) this.fail(`'<' in entity '${name}' is not allowed in attributes values`);
    }
    return entity;
  }

  /** The references in an entity's text that stand in an attribute; what is wrong is told at the reference to it. */
  #lookThrough(value: string, depth: number): void {
    if (depth > ENTITY_DEPTH) this.fail(LOOP);
    this.spend(value);
    for (let at = value.indexOf('&'); at >= 0; at = value.indexOf('&', at + 1)) {
      if (value[at + 1] === '#') {
        const fault = characterFault(characterReferenceAt(value, at));
        if (fault) this.fail(fault.replace('xmlParseCharRef', 'xmlParseStringCharRef'));
        continue;
      }
      const end = nameEnd(value, at + 1);
      if (end === at + 1) this.fail('xmlParseStringEntityRef: no name');
      if (value[end] !== ';') this.fail("EntityRef: expecting ';'");
      const entity = this.#lookup(value.slice(at + 1, end), true);
      if (entity !== undefined) this.#lookThrough(entity.value, depth + 1);
    }
  }

  protected spend(value: string): void {
    if ((this.declared.room -= value.length) < 0) throw new Unknown();
  }
}

function characterReferenceAt(text: string, at: number): string {
  const reference = /&#(?:x[\da-fA-F]*|\d*);?/y;
  reference.lastIndex = at;
  return reference.exec(text)?.[0] ?? '';
}

/** What is wrong with `&#...;`, which may end too early. */
export function characterFault(raw: string): string | undefined {
  const isHex = raw[2] === 'x';
  if (!raw.endsWith(';')) return `CharRef: invalid ${isHex ? 'hexadecimal' : 'decimal'} value`;
  const code = parseInt(raw.slice(isHex ? 3 : 2, -1), isHex ? 16 : 10) || 0;
  if (code > 0x10ffff) return 'xmlParseCharRef: character reference out of bounds';
  return isXmlCharacter(code) ? undefined : `xmlParseCharRef: invalid xmlChar value ${String(code)}`;
}
