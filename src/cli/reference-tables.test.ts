import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { codes } from '../base/codes.ts';
import { deviations } from '../network/deviations.ts';
import { compatibilityPage, errorsPage } from './reference-tables.ts';

it.each([
  ['docs/reference/errors.md', errorsPage(codes), Object.keys(codes).map((code) => `\n### ${code}: `)],
  ['docs/reference/compatibility.md', compatibilityPage(deviations), deviations.map(({ id }) => `\n## ${id}\n`)],
] as const)('%s is what its table says', (file, page, sections) => {
  if (process.env['UPDATE'] === '1') writeFileSync(file, page);
  expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(page);
  for (const section of sections) expect(page).toContain(section);
});
