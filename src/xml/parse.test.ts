import * as fc from 'fast-check';
import { XmlDocument as Libxml2 } from 'libxml2-wasm';
import { describe, expect, it } from 'vitest';
import { attribute, attributeNode, child, children, pathOf, textOf } from './node.ts';
import { parseXml } from './parse.ts';
import { serializeNode } from './serialize.ts';

function root(text: string | Uint8Array) {
  const { document, diagnostics } = parseXml(text);
  if (!document) throw new Error(diagnostics[0]?.message);
  return document.root;
}

function fault(text: string | Uint8Array) {
  const parsed = parseXml(text);
  expect(parsed.document).toBeUndefined();
  const d = parsed.diagnostics[0];
  return d && { code: d.code, line: d.position?.line, column: d.position?.column };
}

const utf16 = (text: string, bigEndian = false): Uint8Array => {
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) new DataView(bytes.buffer).setUint16(2 * i, text.charCodeAt(i), !bigEndian);
  return bytes;
};

describe('parseXml', () => {
  it('gives elements, attributes and text with their places', () => {
    const text = '<a>\n <b c = \'x&amp;y\' d="1"/>\n <b>t&#x41;<![CDATA[<&]]></b>\n</a>';
    const a = root(text);
    const [first, second] = children(a, 'b');
    if (!first || !second) throw new Error('two b expected');
    expect(attribute(first, 'c')).toBe('x&y');
    const c = attributeNode(first, 'c');
    expect(c && text.slice(c.start, c.valueEnd + 1)).toBe("c = 'x&amp;y'");
    expect(c && text.slice(c.valueStart, c.valueEnd)).toBe('x&amp;y');
    expect(textOf(second)).toBe('tA<&');
    expect(text.slice(second.start, second.end)).toBe('<b>t&#x41;<![CDATA[<&]]></b>');
    expect(pathOf(second)).toBe('/a/b[2]');
  });
  it('drops blank text between elements and keeps it where libxml2 does', () => {
    expect(root('<a> <b/> </a>').children.map((c) => c.kind)).toEqual(['element']);
    expect(root('<a>  </a>').children.map((c) => c.kind)).toEqual(['text']);
    expect(root('<a>t<b/> </a>').children.map((c) => c.kind)).toEqual(['text', 'element', 'text']);
  });
  it('binds namespaces and leaves undeclared prefixes alone with a warning', () => {
    const { document, diagnostics } = parseXml("<a xmlns:p='u'><p:b><b xmlns='v'/></p:b><q:c/><d/></a>");
    const [b, c, d] = document?.root.children ?? [];
    expect(b).toMatchObject({ local: 'b', prefix: 'p', namespace: 'u' });
    expect(b?.kind === 'element' && b.children[0]).toMatchObject({ local: 'b', namespace: 'v' });
    expect(c).toMatchObject({ local: 'q:c', namespace: undefined });
    expect(d).toMatchObject({ local: 'd', namespace: undefined });
    expect(diagnostics.map((x) => [x.code, x.severity])).toEqual([['VNX009', 'warning']]);
    expect(document && child(document.root, 'd')).toBeDefined();
  });
  it('binds no prefix to nothing', () => {
    const { document, diagnostics } = parseXml("<a xmlns:p='u'><p:b xmlns:p=''/><q:c xmlns:q=''/></a>");
    expect(document?.root.children).toMatchObject([{ namespace: 'u' }, { local: 'q:c', namespace: undefined }]);
    expect(diagnostics.map((x) => x.code)).toEqual(['VNX009']);
  });
  it('normalizes attribute values and line ends', () => {
    const a = root('<a b="1\r\n2\t3&#10;4">x\r\ny\rz</a>');
    expect(attribute(a, 'b')).toBe('1 2 3\n4');
    expect(textOf(a)).toBe('x\ny\nz');
  });
  it.each([
    ['', 'VNX002', 1],
    ['hello', 'VNX002', 1],
    ['<a><b></a>', 'VNX003', 1],
    ['<a>\n<b>', 'VNX003', 2],
    ["<a b='1' b='2'/>", 'VNX005', 1],
    ['<a b=1/>', 'VNX001', 1],
    ['<a b/>', 'VNX001', 1],
    ["<a b='1'c='2'/>", 'VNX001', 1],
    ["<a b='<'/>", 'VNX001', 1],
    ['<a>&foo;</a>', 'VNX006', 1],
    ['<a>\n& </a>', 'VNX006', 2],
    ['<a>&#0;</a>', 'VNX006', 1],
    ['<a/><b/>', 'VNX001', 1],
    ['<a>]]></a>', 'VNX001', 1],
    ['<a><!-- -- --></a>', 'VNX001', 1],
    [' <?xml version="1.0"?><a/>', 'VNX001', 1],
    ['<a>\n\u0001</a>', 'VNX012', 2],
    ['<a>\0</a>', 'VNX012', 1],
    ['<a>\ud800</a>', 'VNX012', 1],
  ])('refuses %j as %s on line %i, as libxml2 does', (text, code, line) => {
    expect(fault(text)).toMatchObject({ code, line });
    expect(() => Libxml2.fromString(text)).toThrow();
  });
  it('reads UTF-8, UTF-16 and ISO-8859-1 bytes, with and without a byte order mark', () => {
    const text = '<a>\u00e9\u20ac</a>';
    expect(textOf(root(new TextEncoder().encode(text)))).toBe('\u00e9\u20ac');
    expect(textOf(root(new TextEncoder().encode(`\ufeff${text}`)))).toBe('\u00e9\u20ac');
    expect(textOf(root(utf16(`\ufeff${text}`)))).toBe('\u00e9\u20ac');
    expect(textOf(root(utf16(`\ufeff${text}`, true)))).toBe('\u00e9\u20ac');
    const latin1 = Uint8Array.from("<?xml version='1.0' encoding='ISO-8859-1'?><a>\u00e9\u0085</a>", (c) => c.charCodeAt(0));
    expect(textOf(root(latin1))).toBe('\u00e9\u0085');
    expect(fault(Uint8Array.from([0x3c, 0x61, 0x3e, 0xff, 0x3c, 0x2f, 0x61, 0x3e]))).toMatchObject({ code: 'VNX008' });
  });
  it('expands internal entities within bounds and fetches nothing', () => {
    expect(textOf(root('<!DOCTYPE a [<!ENTITY e "x&f;"><!ENTITY f "y">]><a>&e;</a>'))).toBe('xy');
    expect(textOf(root('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>'))).toBe('');
    expect(parseXml("<!DOCTYPE a SYSTEM 'x' [%p;]><a/>").document).toBeDefined();
    expect(fault('<!DOCTYPE a [%p;]><a/>')).toMatchObject({ code: 'VNX001' });
    const lols = Array.from({ length: 9 }, (_, i) => `<!ENTITY l${String(i + 1)} "${`&l${String(i)};`.repeat(10)}">`).join('');
    expect(fault(`<!DOCTYPE a [<!ENTITY l0 "lol">${lols}]><a>&l9;</a>`)).toMatchObject({ code: 'VNX007' });
    expect(fault('<!DOCTYPE a [<!ENTITY a "&b;"><!ENTITY b "&a;">]><a>&a;</a>')).toMatchObject({ code: 'VNX007' });
  });
  it('bounds depth and length', () => {
    const deep = (n: number): string => `${'<a>'.repeat(n - 1)}<b/>${'</a>'.repeat(n - 1)}`; // libxml2 2.9.14 reads 257, empty ones too
    expect(parseXml(deep(257)).document).toBeDefined();
    expect(fault(deep(258))).toMatchObject({ code: 'VNX004' });
    expect(fault('<a>'.repeat(100_000))).toMatchObject({ code: 'VNX004' });
    expect(parseXml('<a/>', { maxLength: 3 }).diagnostics[0]).toMatchObject({ code: 'VNX011' });
  });
  it('writes what is nested very deep indented by thirty levels at most, as libxml2 does', () => {
    const lines = serializeNode(root('<a>'.repeat(33) + '<b/>' + '</a>'.repeat(33)), { indent: 0 }).split('\n');
    const indents = lines.map((line) => line.search(/\S/) / 2);
    expect(indents.slice(0, 34)).toEqual([...Array(31).keys(), 30, 30, 30]);
    expect(indents.slice(34)).toEqual([...indents.slice(0, 33)].reverse());
  });
  it('accepts and refuses what libxml2 does, on text made of markup', () => {
    const pieces = fc.constantFrom(
      '<a>',
      '</a>',
      '<b/>',
      '<a b="1"',
      '>',
      '/>',
      " c='x'",
      '&amp;',
      '&#65;',
      '&',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<?p ',
      '?>',
      't',
      '\n',
      '"',
      "'",
      '<',
      '=',
      '-',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = `<a>${parts.join('')}</a>`;
        let accepted = true;
        try {
          Libxml2.fromString(text).dispose();
        } catch {
          accepted = false;
        }
        expect(parseXml(text).document !== undefined).toBe(accepted);
      }),
      { numRuns: 3000 },
    );
  });
  it('never throws for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        parseXml(bytes);
      }),
      { numRuns: 1000 },
    );
  });
});
