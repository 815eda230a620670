import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runConformance } from '../conformance/main.ts';

const corpus = '../shared/corpus/visible';

describe.skipIf(!existsSync(corpus))(`conformance with ${corpus} (skipped where that folder is absent)`, () => {
  const parts = existsSync(corpus) ? runConformance(corpus) : [];
  it.each(parts.map((p) => [p.section.title, p] as const))('%s: nothing differs undeclared', (_title, { outcomes }) => {
    expect(outcomes.length).toBeGreaterThan(0);
    expect(outcomes.filter((o) => o.result === 'differs')).toEqual([]);
  });
});
