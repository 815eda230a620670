import type { CodeEntry } from './code-entry.ts';

/** Codes of text that is no XML document, or an odd one. */
export const xmlCodes: Readonly<Record<string, CodeEntry>> = {
  VNX001: {
    title: 'not well-formed',
    explanation: 'A quote, a bracket or a name is missing or out of place. Nothing behind that place is read.',
    bad: '<network ipv6=yes><name>a</name></network>',
    good: "<network ipv6='yes'><name>a</name></network>",
  },
  VNX002: {
    title: 'no document',
    explanation: "The text is empty or does not start with '<'.",
    bad: 'hello world',
    good: '<network><name>a</name></network>',
  },
  VNX003: {
    title: 'element not closed',
    explanation: 'An element, comment or section is closed by another name, or by the end of the text.',
    bad: '<network><name>a</network>',
    good: '<network><name>a</name></network>',
  },
  VNX004: {
    title: 'nested too deep',
    explanation: 'Elements are nested more than 256 deep below the root, which libxml2 refuses too.',
  },
  VNX005: {
    title: 'attribute given twice',
    explanation: 'One start tag has two attributes of the same name.',
    bad: "<network ipv6='yes' ipv6='no'><name>a</name></network>",
    good: "<network ipv6='yes'><name>a</name></network>",
  },
  VNX006: {
    title: 'bad reference',
    explanation: "An '&' starts a reference that is not complete, names no character, or names an entity that is not declared.",
    bad: '<network><name>a&b</name></network>',
    good: '<network><name>a&amp;b</name></network>',
  },
  VNX007: {
    title: 'entities expand too far',
    explanation: 'The entities that the document declares would expand to more text than any document needs. It is not expanded.',
    bad: '<!DOCTYPE n [<!ENTITY a "&b;&b;"><!ENTITY b "&a;">]><network><name>&a;</name></network>',
    good: '<network><name>a</name></network>',
  },
  VNX008: {
    title: 'unknown or broken encoding',
    explanation:
      'The bytes are no text in the encoding that the document has or declares. UTF-8, UTF-16, ISO-8859-1 and US-ASCII are read.',
    bad: '<?xml version="1.0" encoding="EBCDIC-US"?><network/>  (as bytes)',
    good: '<?xml version="1.0" encoding="UTF-8"?><network><name>a</name></network>',
  },
  VNX009: {
    title: 'namespace prefix not declared',
    explanation: 'An element has a prefix that no xmlns attribute binds. libvirt ignores the element, so it has no effect.',
    bad: "<network><name>a</name><dnsmasq:options><dnsmasq:option value='log-dhcp'/></dnsmasq:options></network>",
    good: "<network xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'><name>a</name><dnsmasq:options><dnsmasq:option value='log-dhcp'/></dnsmasq:options></network>",
  },
  VNX010: {
    title: 'DOCTYPE points outside',
    explanation: 'The DOCTYPE refers to something outside the document. It is never fetched.',
    bad: '<!DOCTYPE network SYSTEM "network.dtd"><network><name>a</name></network>',
    good: '<network><name>a</name></network>',
  },
  VNX011: { title: 'too long', explanation: 'The source is longer than the reader takes (64 Mi characters unless told otherwise).' },
  VNX012: {
    title: 'forbidden character',
    explanation: 'The text holds a control character, half a surrogate pair or U+FFFE, which XML cannot carry.',
    bad: '<network><name>a\u0001</name></network>',
    good: '<network><name>a</name></network>',
  },
};
