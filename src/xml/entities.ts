import { isXmlCharacter, nameEnd } from './characters.ts';
import { XmlFault } from './fault.ts';

/** What a DOCTYPE declares that a reader needs: general entities by name. An external one is undefined: it is never fetched. */
export type Entities = ReadonlyMap<string, string | undefined>;

/** Entity text that one document may expand to, in UTF-16 code units, over all references: far beyond any use, far below a bomb. */
const EXPANSION_LIMIT = 1_000_000;
const EXPANSION_DEPTH = 40;

/** Tags and comments in an entity: only its text counts, since libvirt does not look for elements in entities. */
const MARKUP = /<!--[^]*?-->|<\/?[A-Za-z_:][^<>]*>/g;

const PREDEFINED: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Resolves references in text and attribute values of one document, with one budget for all of them. */
export class References {
  readonly #entities: Entities;
  readonly #isExternal: boolean;
  #spent = 0;

  /** `isExternal`: declarations outside the document were not read, so an unknown entity may be one of them; it reads as nothing. */
  constructor(entities: Entities, isExternal = false) {
    this.#entities = entities;
    this.#isExternal = isExternal;
  }

  /** `raw` with every reference replaced. `base` is its offset in the text; in an attribute, white space becomes a space. */
  resolve(raw: string, base: number, inAttribute: boolean): string {
    return this.#expand(raw, base, inAttribute, undefined, 0);
  }

  /** `fixed` is the offset to blame when the text comes from an entity's declaration instead of from `base`. */
  #expand(raw: string, base: number, inAttribute: boolean, fixed: number | undefined, depth: number): string {
    let out = '';
    let at = 0;
    for (let amp = raw.indexOf('&'); amp >= 0; amp = raw.indexOf('&', at)) {
      out += normalize(raw.slice(at, amp), inAttribute);
      const place = fixed ?? base + amp;
      if (raw[amp + 1] === '#') {
        const semicolon = raw.indexOf(';', amp);
        out += characterReference(raw.slice(amp, semicolon < 0 ? undefined : semicolon + 1), place, fixed);
        at = semicolon + 1;
        continue;
      }
      const end = nameEnd(raw, amp + 1);
      const name = raw.slice(amp + 1, end);
      if (name === '') {
        throw new XmlFault('VNX006', place, "'&' starts a reference, but no name follows", {
          caret: fixed ?? place + 1,
          hint: 'write &amp; for a plain ampersand',
          libxml2: 'xmlParseEntityRef: no name',
        });
      }
      if (raw[end] !== ';') {
        throw new XmlFault('VNX006', place + (fixed === undefined ? end - amp : 0), `reference '&${name}' does not end in ';'`, {
          hint: 'write &amp; for a plain ampersand',
          libxml2: "EntityRef: expecting ';'",
        });
      }
      at = end + 1;
      out += PREDEFINED[name] ?? this.#entity(name, { place, caret: fixed ?? base + at }, inAttribute, depth);
    }
    return out + normalize(at === 0 ? raw : raw.slice(at), inAttribute);
  }

  /** `place` is where the reference starts, `caret` where it ends. */
  #entity(name: string, at: { readonly place: number; readonly caret: number }, inAttribute: boolean, depth: number): string {
    const { place, caret } = at;
    if (!this.#entities.has(name)) {
      if (this.#isExternal) return '';
      throw new XmlFault('VNX006', place, `entity '${name}' is not declared`, {
        hint: 'XML knows &lt; &gt; &amp; &quot; &apos; and &#NUMBER;',
        caret,
        libxml2: `Entity '${name}' not defined`,
      });
    }
    const value = this.#entities.get(name);
    if (value === undefined) {
      if (!inAttribute) return '';
      throw new XmlFault('VNX006', place, `attribute refers to the external entity '${name}'`);
    }
    this.#spent += value.length;
    if (depth >= EXPANSION_DEPTH || this.#spent > EXPANSION_LIMIT) {
      throw new XmlFault('VNX007', place, `entity '${name}' expands to too much text`, {
        hint: 'write the text out instead',
        libxml2: 'Detected an entity reference loop',
      });
    }
    const plain = inAttribute ? value : value.replace(MARKUP, '');
    if (plain.includes('<')) {
      throw new XmlFault('VNX006', place, `entity '${name}' holds markup`, {
        hint: 'write the elements out where the entity is used',
      });
    }
    return this.#expand(plain, 0, inAttribute, place, depth + 1);
  }
}

/** Line ends and, in attributes, white space as XML 1.0 sections 2.11 and 3.3.3 ask. */
function normalize(raw: string, inAttribute: boolean): string {
  if (inAttribute) return /[\t\n\r]/.test(raw) ? raw.replace(/\r\n|[\t\n\r]/g, ' ') : raw;
  return raw.includes('\r') ? raw.replace(/\r\n?/g, '\n') : raw;
}

/** The character of `&#...;`, whose `&` is at `place`; what is wrong is where libxml2 finds it, or at `fixed`. */
export function characterReference(raw: string, place: number, fixed?: number): string {
  const m = /^&#(?:x([0-9a-fA-F]*)|([0-9]*))(;?)/.exec(raw);
  const caret = fixed ?? place + (m?.[0].length ?? 0);
  if (m?.[3] !== ';') {
    throw new XmlFault('VNX006', place, `character reference '${raw.slice(0, 12)}' is not a number between '&#' and ';'`, {
      caret,
      libxml2: `CharRef: invalid ${raw[2] === 'x' ? 'hexadecimal' : 'decimal'} value`,
    });
  }
  const code = m[1] === undefined ? Number(m[2]) : parseInt(m[1], 16) || 0;
  if (!isXmlCharacter(code)) {
    throw new XmlFault('VNX006', place, `character reference '${raw.slice(0, 20)}' names no character of XML`, {
      caret,
      libxml2: `xmlParseCharRef: ${code > 0x10ffff ? 'character reference out of bounds' : `invalid xmlChar value ${String(code)}`}`,
    });
  }
  return String.fromCodePoint(code);
}
