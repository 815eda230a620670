import { describe, expect, it } from 'vitest';
import { faultMessage, inLibxml2sWords, libxml2Fault } from './libxml2-fault.ts';

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
  ])('%j', (text, message) => {
    expect(said(text)).toBe(message);
  });

  it('are none for a document that is well-formed, and not known behind what it declares itself', () => {
    expect(said('<network a="1">\n  <name>a&amp;b</name><!-- c --><![CDATA[x]]><?pi y?>\n</network>\n')).toBeUndefined();
    expect(said('<!DOCTYPE n [<!ENTITY e "x">]><n>&e;</m>')).toBeUndefined();
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
