import { characterReference } from './entities.ts';
import { nameEnd, skipSpace } from './characters.ts';
import { XmlFault } from './fault.ts';

/** What was read of `<!DOCTYPE ...>`. */
export interface Doctype {
  readonly entities: Map<string, string | undefined>;
  /** True when it points outside the document; nothing is ever fetched. */
  readonly external: boolean;
  /** Offset behind the closing `>`. */
  readonly end: number;
}

const ENTITY = /\s+(%\s+)?([^\s"'%<>&;]+)\s+(?:"([^"]*)"|'([^']*)'|(?:SYSTEM|PUBLIC)\s[^>]*)\s*>/y;

/**
 * Reads a document type declaration at `at` (production 28) for its internal general entities; element, attribute and notation
 * declarations are stepped over, parameter entities and everything outside the document are not read at all.
 */
export function readDoctype(text: string, at: number): Doctype {
  const entities = new Map<string, string | undefined>();
  const name = skipSpace(text, at + 9);
  if (nameEnd(text, name) === name) throw notTerminated(name);
  let external = false;
  let pos = nameEnd(text, name);
  for (;;) {
    pos = skipSpace(text, pos);
    const c = text[pos];
    if (c === '>') return { entities, external, end: pos + 1 };
    if (c === '"' || c === "'") {
      const close = text.indexOf(c, pos + 1);
      if (close < 0) throw notTerminated(at);
      pos = close + 1;
    } else if (c === '[') {
      const subset = readSubset(text, pos + 1, entities, external);
      external = subset.external;
      pos = subset.end;
    } else {
      const end = nameEnd(text, pos);
      const word = text.slice(pos, end);
      if (word !== 'SYSTEM' && word !== 'PUBLIC') throw notTerminated(pos);
      external = true;
      pos = end;
    }
  }
}

/** `external`: what a document type declaration outside declares may be referred to. */
function readSubset(
  text: string,
  from: number,
  entities: Map<string, string | undefined>,
  external: boolean,
): Pick<Doctype, 'end' | 'external'> {
  let pos = from;
  const parameters = new Set<string>();
  for (;;) {
    pos = skipSpace(text, pos);
    if (text[pos] === ']') return { end: pos + 1, external };
    if (text.startsWith('<!--', pos)) pos = behind(text, pos + 4, '-->');
    else if (text.startsWith('<?', pos)) pos = behind(text, pos + 2, '?>');
    else if (text.startsWith('<!ENTITY', pos)) {
      ENTITY.lastIndex = pos + 8;
      const m = ENTITY.exec(text);
      if (!m) throw subsetFault(pos);
      const value = m[3] ?? m[4];
      // The first declaration of a name counts (section 4.2). Parameter entities are left alone: references to them cannot stand in an internal value.
      if (m[1] === undefined && m[2] !== undefined && !entities.has(m[2]))
        entities.set(m[2], value === undefined ? undefined : literal(value, pos));
      if (m[1] !== undefined && m[2] !== undefined) parameters.add(m[2]);
      if (value === undefined) external = true;
      pos = ENTITY.lastIndex;
    } else if (/^<!(ELEMENT|ATTLIST|NOTATION)\s/.test(text.slice(pos, pos + 11))) pos = declarationEnd(text, pos);
    else if (text[pos] === '%') {
      const end = nameEnd(text, pos + 1);
      if (end === pos + 1 || text[end] !== ';' || !(external || parameters.has(text.slice(pos + 1, end)))) throw subsetFault(pos);
      external = true;
      pos = end + 1;
    } else throw subsetFault(pos);
  }
}

/** An entity's replacement text: character references are resolved at declaration, general ones stay (section 4.5). */
function literal(value: string, place: number): string {
  return value.replace(/\r\n?/g, '\n').replace(/&#[^;]*;?/g, (raw) => characterReference(raw, place));
}

function declarationEnd(text: string, at: number): number {
  for (let pos = at; pos < text.length; pos++) {
    const c = text[pos];
    if (c === '>') return pos + 1;
    if (c === '"' || c === "'") {
      const close = text.indexOf(c, pos + 1);
      if (close < 0) break;
      pos = close;
    }
  }
  throw notTerminated(at);
}

function behind(text: string, from: number, mark: string): number {
  const at = text.indexOf(mark, from);
  if (at < 0) throw notTerminated(from);
  return at + mark.length;
}

function notTerminated(at: number): XmlFault {
  return new XmlFault('VNX001', at, 'document type declaration does not end', { hint: HINT });
}

function subsetFault(at: number): XmlFault {
  return new XmlFault('VNX001', at, 'document type declaration holds something that is not a declaration', { hint: HINT });
}

const HINT = 'a network document needs no DOCTYPE: leave it out';
