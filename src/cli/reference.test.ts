import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { referencePage } from './reference.ts';
import { verbs } from './verbs.ts';

const PAGE = 'docs/reference/command.md';

it('docs/reference/command.md is what the table of verbs says', () => {
  const page = referencePage(verbs);
  if (process.env['UPDATE'] === '1') writeFileSync(PAGE, page);
  expect(existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : '').toBe(page);
  for (const verb of verbs) expect(page).toContain(`\n### ${verb.name}\n`);
});
