import { readFileSync } from 'node:fs';
import { VirtnetError } from '../base/errors.ts';
import type { Io } from './io.ts';

/**
 * The text of a small document that is part of a command line: XML as it is, `-` for stdin, else a file.
 * @throws VirtnetError VNU001 when the file cannot be read.
 */
export function readFragment(io: Io, word: string): string {
  if (word.trimStart().startsWith('<')) return word;
  if (word === '-') return new TextDecoder().decode(io.stdin());
  try {
    return readFileSync(word, 'utf8');
  } catch (cause) {
    throw new VirtnetError({ code: 'VNU001', message: `cannot read "${word}": ${(cause as Error).message}`, cause });
  }
}
