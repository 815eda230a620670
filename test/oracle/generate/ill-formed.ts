import { networkTree } from './network.ts';
import type { Random } from './random.ts';
import { writeTree } from './tree.ts';

/** What is put into a document where it does not belong, or does by chance. */
const SCRAPS = [
  ...[
    '<',
    '>',
    '&',
    ';',
    '"',
    "'",
    '=',
    '/',
    '!',
    '?',
    '-',
    '[',
    ']',
    '#',
    '%',
    ':',
    ' ',
    '\n',
    '\t',
    '\r',
    '\r\n',
    'x',
    'é',
    '日',
    '😀',
    '.',
    '1',
  ],
  ...['\u0001', '\u0008', '\u000b', '\u001f', '\u007f', '\u0085', '\ufffe', '\uffff', '\ufeff', '\u2028'],
  ...[
    '<!--',
    '-->',
    '--',
    '<![CDATA[',
    ']]>',
    '<![',
    '<!',
    '<?',
    '?>',
    '<?xml',
    '<?xml version="1.0"?>',
    '</',
    '/>',
    '<x',
    '<x>',
    '</x>',
    '<x/>',
  ],
  ...['&lt', '&lt;', '&#', '&#1;', '&#x', '&#x1F600;', '&#65', '&x;', '&x', '&e;', '&ext;', '%e;'],
  ...[
    'a="b"',
    ' a="b"',
    " a='<'",
    ' a',
    ' a=',
    ' a="',
    ' xmlns:p="urn:p"',
    ' xmlns="urn:d"',
    ' p:a="1"',
    'p:',
    ' xmlns:xml="u"',
    ' xmlns:p=""',
  ],
  ...[
    '<!-- a -->',
    '<!-- a',
    '<!-- a -- b -->',
    '<![CDATA[a]]>',
    '<![CDATA[a',
    '<?pi a?>',
    '<?pi a',
    '<?pi',
    '<!DOCTYPE network>',
    '<!ENTITY e "x">',
  ],
] as const;

/** A document type declaration, whole or not. */
const DECLARATIONS = [
  ...[
    '<!ENTITY e "x">',
    "<!ENTITY e 'x'>",
    '<!ENTITY e "a<b/>c">',
    '<!ENTITY e "<a>">',
    '<!ENTITY e "&f;">',
    '<!ENTITY f "&e;">',
    '<!ENTITY e "&#60;">',
  ],
  ...[
    '<!ENTITY e "&#1;">',
    '<!ENTITY e "&">',
    '<!ENTITY e "%p;">',
    '<!ENTITY % p "x">',
    '%p;',
    '<!ENTITY e SYSTEM "f">',
    '<!ENTITY e PUBLIC "p" "f">',
  ],
  ...[
    '<!ENTITY e>',
    '<!ENTITY e x>',
    '<!ENTITY e "x"',
    '<!ENTITY e "x',
    '<!ENTITY "x">',
    '<!ENTITYe "x">',
    '<!ENTITY  >',
    '<!ENTITY',
    '<!ENTITY e SYSTEM>',
  ],
  ...[
    '<!ENTITY e SYSTEM "f" NDATA n>',
    '<!ENTITY e PUBLIC "p">',
    '<!ENTITY a:b "x">',
    '<!ENTITY e "\u0001">',
    '<!ENTITY lt "x">',
    '<!ENTITY lt "&#38;#60;">',
  ],
  ...[
    '<!ELEMENT network ANY>',
    '<!ELEMENT a (b|c)*>',
    '<!ELEMENT a>',
    '<!ELEMENT',
    '<!ATTLIST network a CDATA "x">',
    '<!ATTLIST a b>',
    '<!NOTATION n SYSTEM "x">',
  ],
  ...[
    '<!NOTATION n>',
    '<!-- c -->',
    '<!-- c',
    '<?pi x?>',
    '<?pi',
    '<!FOO>',
    'x',
    '<',
    ']',
    '[',
    '<![INCLUDE[x]]>',
    ' ',
    '\n',
    '&e;',
    '"',
    '>',
  ],
] as const;

/** A network document made ill-formed in one place or two (some stay well-formed). */
export function illFormed(rng: Random): string {
  let text = writeTree(networkTree(rng), rng);
  // Short ones as well: their faults are nearer to both ends.
  if (rng.chance(0.4))
    text = rng.pick([
      '<network><name>a</name></network>',
      '<network/>',
      "<network ipv6='yes'>\n  <name>a b</name>\n  <uuid/>\n</network>\n",
    ]);
  if (rng.chance(0.2)) text = doctype(rng) + text;
  if (rng.chance(0.1))
    text = rng.pick(['<?xml version="1.0"?>', '<?xml version="1.0" encoding="UTF-8"?>\n', ' ', '\n', '<!-- c -->']) + text;
  for (let left = rng.chance(0.8) ? 1 : 2; left > 0; left--) text = mutated(text, rng);
  // libvirtd 11.3 ends on line ends alone: it looks for the line before the first one.
  return /^[\n\r]+$/.test(text) ? '<' : text;
}

function doctype(rng: Random): string {
  const subset = Array.from({ length: rng.int(4) }, () => rng.pick(DECLARATIONS)).join(rng.pick(['', ' ', '\n']));
  return rng.pick([
    `<!DOCTYPE network [${subset}]>`,
    `<!DOCTYPE network [${subset}]>\n`,
    `<!DOCTYPE network [${subset}] >`,
    `<!DOCTYPE network [${subset}`,
    `<!DOCTYPE network SYSTEM "x" [${subset}]>`,
  ]);
}

function mutated(text: string, rng: Random): string {
  // Nearly all of it is markup's edges: there most faults are.
  const edges = [...text.matchAll(/[<>&'"=/\s]|\b/g)].map(({ index }) => index);
  const at = rng.chance(0.7) && edges.length > 0 ? rng.pick(edges) : rng.int(text.length + 1);
  switch (rng.int(8)) {
    case 0: // the text ends
      return text.slice(0, at) + rng.pick(['', '', '\n', '\n\n', ' ']);
    case 1: // something is missing
      return text.slice(0, at) + text.slice(at + 1 + rng.int(rng.chance(0.8) ? 1 : 12));
    case 2: {
      // two pieces change places
      const other = rng.int(text.length + 1);
      const [from, to] = [Math.min(at, other), Math.max(at, other)];
      return text.slice(0, from) + text.slice(to, to + 5) + text.slice(from, to) + text.slice(to + 5);
    }
    case 3: // a character becomes another one
      return text.slice(0, at) + rng.pick(SCRAPS) + text.slice(at + 1);
    default:
      return text.slice(0, at) + rng.pick(SCRAPS) + text.slice(at);
  }
}
