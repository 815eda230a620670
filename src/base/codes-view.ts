import type { CodeEntry } from './code-entry.ts';

/** Codes of findings in the JSON and YAML view of a document: `VNJ`. */
export const viewCodes: Readonly<Record<string, CodeEntry>> = {
  VNJ001: {
    title: 'not JSON or YAML',
    explanation: 'The text cannot be read as JSON or YAML, so it says nothing about a network yet.',
    bad: '{ "name": "lab", }',
    good: '{ "name": "lab" }',
  },
  VNJ002: {
    title: 'wrong kind of value',
    explanation: 'A field holds a text where a number is wanted, a list where an object is wanted, and so on.',
    bad: 'name: lab\nmtu: "big"',
    good: 'name: lab\nmtu: 9000',
  },
  VNJ003: {
    title: 'unknown field',
    explanation:
      'The view has no field of that name here. It is refused, not ignored: a mistyped field would silently change what the network does.',
    bad: 'name: lab\nips:\n  - adress: 10.0.0.1',
    good: 'name: lab\nips:\n  - address: 10.0.0.1',
  },
  VNJ004: {
    title: 'field missing',
    explanation: 'A field that has no default is absent.',
    bad: 'ips:\n  - address: 10.0.0.1',
    good: 'name: lab\nips:\n  - address: 10.0.0.1',
  },
  VNJ005: {
    title: 'value not allowed',
    explanation: 'The value is of the right kind, but it is none of those that the field may have.',
    bad: 'name: lab\nforward:\n  mode: snat',
    good: 'name: lab\nforward:\n  mode: nat',
  },
};
