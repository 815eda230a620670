import { describe, expect, test } from 'vitest';
import { verbs } from '../verbs.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { takesNames, wordsOf } from './words.ts';
import { zshCompletion } from './zsh.ts';

describe('completion', () => {
  test.each([
    ['bash', bashCompletion(verbs)],
    ['zsh', zshCompletion(verbs)],
    ['fish', fishCompletion(verbs)],
  ])('of %s knows every verb and option', (shell, script) => {
    for (const verb of verbs) {
      expect(script).toMatch(new RegExp(`\\b${verb.name}\\b`));
      const options = wordsOf(verb).filter((o) => o !== '--help');
      for (const option of options) expect(script).toContain(shell === 'fish' ? `-l ${option.slice(2)}` : option);
    }
  });

  test('offers networks where a verb takes them', () => {
    const names = verbs.filter(takesNames).map((v) => v.name);
    expect(names).toEqual(expect.arrayContaining(['up', 'down', 'show', 'attach', 'leases', 'dumpxml']));
    expect(names).not.toEqual(expect.arrayContaining(['validate']));
  });

  test('writes quotation marks as the shells read them', () => {
    const verb = { ...verbs[0], name: 'x', summary: "a guest's: \\ y", options: [], operands: [] } as unknown as (typeof verbs)[number];
    expect(zshCompletion([verb])).toContain(`'x:a guest'\\''s - \\ y'`);
    expect(fishCompletion([verb])).toContain(`-d 'a guest\\'s: \\\\ y'`);
  });
});
