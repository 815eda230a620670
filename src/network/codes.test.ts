import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { documentCodes } from '../base/codes-document.ts';
import { codes } from '../base/codes.ts';
import { readNetwork } from './read.ts';

/** Codes whose example is words or needs bytes, or that take a document too large for a table. */
const NO_EXAMPLE: Readonly<Record<string, () => string | Uint8Array>> = {
  VNX004: () => '<a>'.repeat(300),
  VNX008: () => new TextEncoder().encode('<?xml version="1.0" encoding="EBCDIC-US"?><network/>'),
  VNX011: () => ' '.repeat(64 * 1024 * 1024 + 1),
};

const raised = (source: string | Uint8Array): string[] => readNetwork(source).diagnostics.map((d) => d.code);

it.each(Object.entries(documentCodes))('%s is raised by its bad example, and not by its good one', (code, entry) => {
  const bad = NO_EXAMPLE[code]?.() ?? entry.bad;
  expect(bad).toBeDefined();
  expect(raised(bad ?? '')).toContain(code);
  if (entry.good === undefined) expect(Object.keys(NO_EXAMPLE)).toContain(code);
  else expect(readNetwork(entry.good)).toMatchObject({ network: { name: expect.any(String) as string } });
  expect(raised(entry.good ?? '')).not.toContain(code);
});

it('every code that the source names is registered, and every registered one is named', () => {
  const used = new Set<string>();
  for (const file of readdirSync('src', { recursive: true, encoding: 'utf8' })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts') || /^base\/codes/.test(file)) continue;
    for (const m of readFileSync(`src/${file}`, 'utf8').matchAll(/'(VN[A-Z]\d{3})'/g)) used.add(m[1] ?? '');
  }
  expect([...used].filter((code) => !(code in codes))).toEqual([]);
  expect(Object.keys(codes).filter((code) => !used.has(code))).toEqual([]);
});
