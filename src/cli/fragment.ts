import { readFileSync } from 'node:fs';
import type { Io } from './io.ts';
import { reading } from './sources.ts';

/**
 * The text of a small document that is part of a command line: XML as it is, `-` for stdin, else a file.
 * @throws VirtnetError VNU001 when the file cannot be read.
 */
export function readFragment(io: Io, word: string): string {
  if (word.trimStart().startsWith('<')) return word;
  if (word === '-') return new TextDecoder().decode(reading('<stdin>', io.stdin));
  return reading(word, () => readFileSync(word, 'utf8'));
}
