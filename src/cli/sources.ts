import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { VirtnetError } from '../base/errors.ts';
import { systemWords } from '../host/system/system-words.ts';
import type { Io } from './io.ts';

/** A document as it was found: its name for messages and its bytes. */
export interface Source {
  /** The path as given, or `<stdin>`. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly kind: 'xml' | 'yaml' | 'json';
}

const DOCUMENT = /\.(xml|ya?ml|json)$/i;

/**
 * Reads the documents that the operands name: files, folders (all documents below them, sorted) and `-` for stdin.
 * @throws VirtnetError VNU001 for what cannot be read, a folder without documents, or a second `-`.
 */
export function readSources(io: Io, operands: readonly string[]): readonly Source[] {
  if (operands.filter((operand) => operand === '-').length > 1) {
    throw new VirtnetError({
      code: 'VNU001',
      message: 'stdin is read once, and "-" is given more than once',
      hint: 'leave one "-", and name the other documents as files',
    });
  }
  return operands.flatMap((operand) => {
    if (operand === '-') {
      const bytes = reading('<stdin>', io.stdin);
      return [{ name: '<stdin>', bytes, kind: kindOf('', bytes) }];
    }
    return filesOf(operand).map((name) => {
      const bytes = reading(name, () => readFileSync(name));
      return { name, bytes, kind: kindOf(name, bytes) };
    });
  });
}

/** True when a word of the command line means a document, not a network's name. */
export function meansFile(word: string): boolean {
  return word === '-' || word.includes('/') || DOCUMENT.test(word) || existsSync(word);
}

function filesOf(path: string): string[] {
  if (!reading(path, () => statSync(path)).isDirectory()) return [path];
  const files = reading(path, () => readdirSync(path, { recursive: true, encoding: 'utf8' }))
    .filter((file) => DOCUMENT.test(file))
    .sort()
    .map((file) => join(path, file))
    .filter((file) => reading(file, () => statSync(file)).isFile());
  if (files.length > 0) return files;
  throw new VirtnetError({ code: 'VNU001', message: `no .xml, .yaml or .json document in the folder "${path}"` });
}

/** Reads something of a path that a command line names. @throws VirtnetError VNU001 in words for people when it cannot be read. */
export function reading<T>(path: string, read: () => T, hint?: string): T {
  try {
    return read();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const why = code === 'ENOENT' ? 'there is no such file or folder' : code === 'EACCES' ? 'permission denied' : systemWords(cause);
    throw new VirtnetError({ code: 'VNU001', message: `cannot read "${path}": ${why}`, ...(hint !== undefined && { hint }), cause });
  }
}

/** By the name's ending; without one by the first character that is no space. */
function kindOf(name: string, bytes: Uint8Array): Source['kind'] {
  const ending = DOCUMENT.exec(name)?.[1]?.toLowerCase();
  if (ending !== undefined) return ending === 'xml' || ending === 'json' ? ending : 'yaml';
  const first = Buffer.from(bytes.subarray(0, 1024))
    .toString('latin1')
    .replace(/^[\s\u00ef\u00bb\u00bf]+/, '')[0];
  return first === '{' || first === '['
    ? 'json'
    : first === undefined || first === '<' || first > '~' || first === '\0'
      ? 'xml'
      : name === ''
        ? 'yaml'
        : 'xml';
}
