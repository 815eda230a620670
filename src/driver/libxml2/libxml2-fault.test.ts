import { describe, expect, it } from 'vitest';
import { libxml2Fault } from './libxml2-fault.ts';
import { faultMessage, inLibxml2sWords } from './libxml2-words.ts';

/** Every expectation is what libvirtd 11.3 (libxml2 2.9.14) answers. Thousands more are asked of it by test/host/rpc-random.oracle.test.ts. */
const said = (text: string): string | undefined => {
  const fault = libxml2Fault(text);
  return fault && faultMessage(text, fault);
};

describe("libxml2's words", () => {
  it.each([
    ['', 'at line 1: Document is empty\n(null)\n^'],
    ['<network\u0001>', "at line 1: Couldn't find end of Start Tag network line 1\n<network\u0001>\n--------^"],
    ['<network><name>a</n\u0008ame></network>', "at line 1: expected '>'\n<network><name>a</n\u0008ame></network>\n-------------------^"],
    ["<x a='\u0001'/>", "at line 1: invalid character in attribute value\n<x a='\u0001'/>\n------^"],
    [
      '<network><![CDATA[0123456789012345678901234567890123456789012345678901234567890',
      'at line 1: CData section not finished\n01234567890123456789012345678901234567890123456789\n<network><![CDATA[0123456789012345678901234567890123456789012345678901234567890\n-------------------------------------------------------------------------------^',
    ],
    [
      '<!DOCTYPE network [<!ENTITY  >]><x/><network',
      'at line 1: xmlParseEntityDecl: no name\n<!DOCTYPE network [<!ENTITY  >]><x/><network\n-----------------------------^',
    ],
    ['<net p:a<!-- a="1"work/>', 'at line 1: Specification mandates value for attribute a\n<net p:a<!-- a="1"work/>\n--------^'],
    ['<network><name>a</n\rame></network>', "at line 1: expected '>'\name></network>\n^"],
    // Bytes that are no UTF-8 stand in a client's text as U+DC80 to U+DCFF.
    ['<a>\udce9bc</a>', 'at line 1: Input is not proper UTF-8, indicate encoding !\nBytes: 0xE9 0x62 0x63 0x3C\n<a>\udce9bc</a>\n---^'],
    ['<a>\udced\udca0\udc80</a>', 'at line 1: Char 0xD800 out of allowed range\n<a>\udced\udca0\udc80</a>\n---^'],
    ['<a>\udce9b', 'at line 1: internal error: detected an error in element content\n\n<a>\udce9b\n---^'],
    ["<a b\udce9='1'/>", "at line 1: Input is not proper UTF-8, indicate encoding !\nBytes: 0xE9 0x3D 0x27 0x31\n<a b\udce9='1'/>\n----^"],
    ['<a>&#\udce9;</a>', 'at line 1: CharRef: invalid decimal value\n<a>&#\udce9;</a>\n-----^'],
    ['<a><![CDATA[x', 'at line 1: Unregistered error message\n<a><![CDATA[x\n-------------^'],
    ['\n', "at line 2: Start tag expected, '<' not found\n(null)\n^"],
    // Parameter entities are read where they are referred to.
    [
      '<!DOCTYPE n [<!ENTITY % x "x"> %x;]><n/>',
      'at line 1: internal error: xmlParseInternalSubset: error detected in Markup declaration\n\nx\n^',
    ],
    [
      '<!DOCTYPE n [\n<!ENTITY % x "<!ENTITY e \'v\'> x"> %x;]><n/>',
      "at line 2: internal error: xmlParseInternalSubset: error detected in Markup declaration\n\n<!ENTITY e 'v'> x\n----------------^",
    ],
    ['<!DOCTYPE n [<!ENTITY % x "&#37;x;"> %x;]><n/>', 'at line 1: Detected an entity reference loop\n%x;\n---^'],
    [
      '<!DOCTYPE n [<!ENTITY % x "<!ELEMENT a ANY"> %x;]><n/>',
      'at line 1: expected \'>\'\n<!DOCTYPE n [<!ENTITY % x "<!ELEMENT a ANY"> %x;]><n/>\n------------------------------------------------^',
    ],
    [
      '<!DOCTYPE n [<!ENTITY % x SYSTEM "f"> %x;]><n>&f;</n>',
      'at line 1: Entity \'f\' not defined\n<!DOCTYPE n [<!ENTITY % x SYSTEM "f"> %x;]><n>&f;</n>\n-------------------------------------------------^',
    ],
    [
      '<?xml version="1.0" standalone="yes"?><!DOCTYPE n SYSTEM "d"><n>&f;</n>',
      `at line 1: Entity 'f' not defined\n<?xml version="1.0" standalone="yes"?><!DOCTYPE n SYSTEM "d"><n>&f;</n>\n${'-'.repeat(67)}^`,
    ],
    // Entities are looked through at the first reference: in an attribute's place, as content in their own text.
    [
      `<!DOCTYPE n [<!ENTITY e '&#60;'>]><n a="&e;"/>`,
      `at line 1: '<' in entity 'e' is not allowed in attributes values\n<!DOCTYPE n [<!ENTITY e '&#60;'>]><n a="&e;"/>\n${'-'.repeat(43)}^`,
    ],
    ["<!DOCTYPE n [<!ENTITY e '&#60;'>]>\n\n<n>&e;</n>", 'at line 1: StartTag: invalid element name\n<\n-^'],
    ["<!DOCTYPE n [<!ENTITY e '</x>'>]><n>&e;</n>", 'at line 1: chunk is not well balanced\n</x>\n^'],
    ["<!DOCTYPE n [<!ENTITY e '&e;'>]><n>&e;</n>", 'at line 1: Detected an entity reference loop\n&e;\n---^'],
    [
      "<!DOCTYPE n [<!ENTITY f SYSTEM 'f'><!ENTITY e 'a&f;b'>]><n a='&e;'/>",
      `at line 1: Attribute references external entity 'f'\n<!DOCTYPE n [<!ENTITY f SYSTEM 'f'><!ENTITY e 'a&f;b'>]><n a='&e;'/>\n${'-'.repeat(65)}^`,
    ],
    [
      "<!DOCTYPE n [<!ENTITY f SYSTEM 'f' NDATA g><!ENTITY e 'a&f;b'>]><n>&e;</n>",
      'at line 1: Entity reference to unparsed entity f\na&f;b\n----^',
    ],
    [
      "<!DOCTYPE n [<!ENTITY e SYSTEM 'a#b'>]><n/>",
      "at line 1: Fragment not allowed\n<!DOCTYPE n [<!ENTITY e SYSTEM 'a#b'>]><n/>\n------------------------------------^",
    ],
  ])('%j', (text, message) => {
    expect(said(text)).toBe(message);
  });

  it('are none for a document that is well-formed, and not known where entities come to very much', () => {
    expect(said('<network a="1">\n  <name>a&amp;b</name><!-- c --><![CDATA[x]]><?pi y?>\n</network>\n')).toBeUndefined();
    expect(said(`<!DOCTYPE n [<!ENTITY e "x&f;"><!ENTITY f '<b/>'><!ENTITY g SYSTEM 'g'>]><n a="&#60;">&e;&g;</n>`)).toBeUndefined();
    expect(said(`<!DOCTYPE n [<!ENTITY % x "<!-- c --><!ENTITY e 'v'>"> %x; %x;]><n>&f;</n>`)).toBeUndefined();
    const many = Array.from({ length: 30 }, (_, i) => `<!ENTITY e${String(i + 1)} "${`&e${String(i)};`.repeat(2)}">`).join('');
    expect(said(`<!DOCTYPE n [<!ENTITY e0 "">${many}]><n a="&e30;"`)).toBeUndefined();
    const doubled = Array.from({ length: 40 }, (_, i) => `<!ENTITY % p${String(i + 1)} "${`&#37;p${String(i)};`.repeat(2)}">`).join('');
    expect(said(`<!DOCTYPE n [<!ENTITY % p0 "">${doubled} %p39;]><n`)).toBeUndefined();
  });

  it('take a parameter entity that is more than forty deep for a loop', () => {
    const nested = Array.from({ length: 20_000 }, (_, i) => `<!ENTITY % p${String(i + 1)} "&#37;p${String(i)};">`).join('');
    const using = (name: string): string => `<!DOCTYPE n [<!ENTITY % p0 "<!-- c -->">${nested} %${name};]><n/>`;
    expect(said(using('p39'))).toBeUndefined();
    expect(said(using('p40'))).toBe('at line 1: Detected an entity reference loop\n%p0;\n----^');
    expect(said(using('p20000'))).toBe('at line 1: Detected an entity reference loop\n%p19960;\n--------^');
  });

  it('take an entity that is more than twenty deep in content for a loop', () => {
    const nested = Array.from({ length: 50 }, (_, i) => `<!ENTITY e${String(i + 1)} "&e${String(i)};">`).join('');
    const using = (name: string): string | undefined => said(`<!DOCTYPE n [<!ENTITY e0 "x">${nested}]><n>&${name};</n>`);
    expect(using('e10')).toBeUndefined();
    expect(using('e20')).toBe('at line 1: Detected an entity reference loop\n&e0;\n----^');
  });

  it('refuse a document type declaration that we only step over', () => {
    const [first] = inLibxml2sWords([], '<!DOCTYPE network [<!ELEMENT a>]><network/>');
    expect(first).toMatchObject({ code: 'VNX001', severity: 'error', span: { start: 30 }, libvirt: { code: 35, domain: 19 } });
    expect(first?.libvirt?.message).toMatch(/^at line 1: Space required after the element name\n/);
    expect(inLibxml2sWords([], '<!DOCTYPE network [<!ELEMENT a ANY>]><network/>')).toEqual([]);
  });

  it('name the bytes that are no UTF-8, where the text has them', () => {
    const words = 'Input is not proper UTF-8, indicate encoding !\nBytes: 0xE9 0x66 0x3C 0x2F'; // libvirt 11.3
    const text = '<network>\n  <name>d\udce9f</name>\n</network>';
    expect(libxml2Fault(text)).toEqual({ caret: 19, line: 2, words });
    expect(libxml2Fault(text.replace('<name>', '<name a>'))?.words).toBe('Specification mandates value for attribute a');
    expect(libxml2Fault('<network><!-- \udcff\udcfeü --></network>')?.words).toMatch(/Bytes: 0xFF 0xFE 0xC3 0xBC$/);
  });

  it('bound the depth, at the place where the element too many begins', () => {
    const words = 'Excessive depth in document: 256 use XML_PARSE_HUGE option';
    const text = `<network><name>r</name>${'<a>'.repeat(300)}`;
    expect(libxml2Fault(text)).toEqual({ caret: 791, line: 1, words }); // libvirt 11.3
  });

  it('take time in proportion to the text', () => {
    const text = `<network>\n${'<a b="1">x</a>\n'.repeat(200_000)}`;
    expect(libxml2Fault(text)).toMatchObject({ line: 200_002, words: 'Premature end of data in tag network line 1' });
  });
});
