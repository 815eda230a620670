import { readSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';
import { systemWords } from '../host/system/system-words.ts';
import type { OpenOptions } from '../driver/open.ts';
import type { NetworkDriver } from '../driver/driver.ts';
import { styleFor, type Style } from './render/style.ts';

/** Everything a verb touches beside its arguments. Tests give one of their own. */
export interface Io {
  /** Data, to stdout. */
  readonly out: (text: string) => void;
  /** Talk (progress, findings, suggestions), to stderr. */
  readonly err: (text: string) => void;
  readonly outStyle: Style;
  readonly errStyle: Style;
  /** Columns to fill with text: the terminal's, at most 100; 100 where there is none. */
  readonly width: number;
  /** Columns that a table on stdout may take: the terminal's. Without one nothing is cut, for a program reads it. */
  readonly tableWidth: number;
  /** A person sits there: questions may be asked and a progress line rewritten. */
  readonly interactive: boolean;
  /** stderr is a terminal: a progress line may be rewritten there. */
  readonly live: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads all of stdin. */
  readonly stdin: () => Uint8Array;
  /** Asks a yes/no question; only where `interactive`. */
  readonly ask: (question: string) => Promise<boolean>;
  /** Asks until one of these letters is answered; undefined by Ctrl-C or Ctrl-D. Only where `interactive`. */
  readonly choose: (question: string, letters: string) => Promise<string | undefined>;
  /** Has the user edit a file. */
  readonly edit: (path: string) => Promise<void>;
  /** Aborted by Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  /** What the driver tells beside its answers is said on stderr, where it is given whom to tell. */
  readonly openDriver: (options?: Pick<OpenOptions, 'onWait' | 'onPutBack'>) => Promise<NetworkDriver>;
}

const WIDEST = 100;

/** The real thing: this process's streams. A closed pipe (`virtnet list | head`) ends the process quietly. */
export function processIo(openDriver: Io['openDriver']): Io {
  const { stdout, stderr, env } = process;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    writeSync(2, `error: cannot write the output: ${systemWords(error)}\n`); // the process ends before its streams are written out
    process.exit(1);
  });
  stderr.on('error', () => process.exit(1));
  const abort = new AbortController();
  const columns = stdout.isTTY ? stdout.columns : stderr.isTTY ? stderr.columns : WIDEST;
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    outStyle: styleFor(stdout.isTTY, env),
    errStyle: styleFor(stderr.isTTY, env),
    width: Math.min(WIDEST, columns > 0 ? columns : WIDEST),
    tableWidth: stdout.isTTY ? stdout.columns || WIDEST : Infinity,
    interactive: isatty(0) && stderr.isTTY, // process.stdin would be opened for the question
    live: stderr.isTTY && env['TERM'] !== 'dumb',
    env,
    stdin: readStdin,
    ask,
    choose,
    edit: async (path) => (await import('../host/editor.ts')).openEditor(path, env),
    get signal() {
      // Only a verb that can stop half-way takes the signals over; the others end by them as usual.
      for (const name of ['SIGINT', 'SIGTERM'] as const) if (process.listenerCount(name) === 0) process.on(name, () => abort.abort());
      return abort.signal;
    },
    openDriver,
  };
}

/** Larger input than this is refused by the readers anyway. */
const STDIN_LIMIT = 256 * 1024 * 1024;

function readStdin(): Uint8Array {
  const chunks: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const chunk = Buffer.alloc(65536);
    let n: number;
    try {
      n = readSync(0, chunk);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EOF') break;
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        continue;
      }
      throw error;
    }
    if (n === 0) break;
    total += n;
    chunks.push(chunk.subarray(0, n));
    if (total > STDIN_LIMIT) break;
  }
  return Buffer.concat(chunks);
}

async function ask(question: string): Promise<boolean> {
  return /^y(es)?$/i.test((await answerTo(`${question} [y/N] `)) ?? '');
}

async function choose(question: string, letters: string): Promise<string | undefined> {
  for (;;) {
    const answer = await answerTo(`${question} [${[...letters].join('/')}] `);
    if (answer === undefined) return undefined;
    const letter = answer.toLowerCase().charAt(0);
    if (letter !== '' && letters.includes(letter)) return letter;
  }
}

/** A line from the terminal; undefined by Ctrl-C or Ctrl-D. */
async function answerTo(question: string): Promise<string | undefined> {
  const { createInterface } = await import('node:readline/promises');
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<undefined>((resolve) => void lines.once('close', () => resolve(undefined)));
  try {
    return (await Promise.race([lines.question(question), closed]))?.trim();
  } catch {
    return undefined;
  } finally {
    lines.close();
  }
}
