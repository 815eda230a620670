import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { VirtnetError } from '../base/errors.ts';
import { cleanEnvironment, spawnError, toolError } from './command.ts';
import { batchLine } from './ip-line.ts';
import type { IpArgs } from './ip-line.ts';

/**
 * What came of one line: its output (JSON text, empty for a change), or the tool's words when it failed. A listing is `torn` when what it
 * lists changed while the kernel told it.
 */
export type LineResult =
  { readonly ok: true; readonly text: string; readonly torn?: true } | { readonly ok: false; readonly stderr: string };

/** One `ip -batch -` (or `tc -batch -`) process fed on stdin. Lines of several callers may be in flight; answers come in order. */
class Coprocess {
  readonly started = performance.now();
  firstUsed: number | undefined;
  broken = false;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #tool: 'ip' | 'tc';
  #line = 0;
  #out = '';
  #err = '';
  #failure: Error | undefined;
  #pending: Pending | undefined;

  constructor(tool: 'ip' | 'tc') {
    this.#tool = tool;
    this.#child = spawn(tool, ['-json', '-details', '-force', '-batch', '-'], { env: cleanEnvironment(), stdio: 'pipe', cwd: '/' });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
      this.#look();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
      this.#look();
    });
    this.#child.stdin.on('error', () => undefined); // its end is told by 'close'
    this.#child.on('error', (error) => {
      this.#fail(spawnError(tool, error));
    });
    this.#child.on('close', () => {
      this.#look();
      this.#fail(new Error('closed'));
    });
    this.#idle();
  }

  /**
   * Sends the lines and waits for all their answers. After each line goes a marker, an unknown command: its complaint on stderr tells which
   * line the words before it belong to, and how far a batch came when a line ends the process (iproute2 exits on a malformed argument).
   */
  run(lines: readonly string[], timeoutMs: number): Promise<readonly LineResult[]> {
    this.firstUsed ??= performance.now();
    this.#child.ref();
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr] as { ref?: () => void }[]) stream.ref?.();
    return new Promise<readonly LineResult[]>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.end();
        this.#fail(
          new VirtnetError({ code: 'VNH001', message: `${this.#tool} gave no answer in ${String(timeoutMs)} ms`, details: { lines } }),
        );
      }, timeoutMs);
      this.#pending = {
        lines,
        first: this.#line,
        stderrs: [],
        resolve: (results) => {
          clearTimeout(timer);
          this.#idle();
          resolve(results);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      };
      let text = '';
      for (const line of lines) text += `${line}\n${MARK} \n`;
      text += SENTINEL[this.#tool];
      this.#line += lines.length * 2 + 1;
      if (this.#failure) this.#fail(this.#failure);
      else this.#child.stdin.write(text);
    });
  }

  end(): void {
    this.broken = true;
    this.#child.kill('SIGKILL');
  }

  /** An idle process must not keep this one alive. */
  #idle(): void {
    this.#child.unref();
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr] as { unref?: () => void }[]) stream.unref?.();
  }

  #look(): void {
    const p = this.#pending;
    if (!p) return;
    for (;;) {
      const at = MARK_SEEN.exec(this.#err);
      if (!at) break;
      p.stderrs.push(this.#err.slice(0, at.index));
      this.#err = this.#err.slice(at.index + at[0].length);
    }
    if (p.stderrs.length < p.lines.length || !this.#out.endsWith('\n')) return;
    // One line of JSON for each query, and one for the sentinel that came last.
    const texts = this.#out.split('\n').filter((t) => t !== '');
    const expected = p.lines.filter((line, i) => isQuery(line) && !hasFailed(p.stderrs[i] ?? '')).length + 1;
    if (texts.length < expected) return;
    this.#out = '';
    this.#pending = undefined;
    if (texts.length > expected) {
      this.broken = true;
      p.reject(new VirtnetError({ code: 'VNH001', message: `${this.#tool} printed more than was asked`, details: { lines: p.lines } }));
      return;
    }
    let next = 0;
    p.resolve(
      p.lines.map((line, i) => {
        const stderr = p.stderrs[i] ?? '';
        if (hasFailed(stderr)) return { ok: false, stderr: words(stderr) };
        return isQuery(line) ? { ok: true, text: texts[next++] ?? '', ...(TORN.test(stderr) && { torn: true }) } : { ok: true, text: '' };
      }),
    );
  }

  /** The process is gone: lines before the last marker have their answers, the one after it ended it, the rest were not run. */
  #fail(error: Error): void {
    this.broken = true;
    this.#failure ??= error;
    const p = this.#pending;
    if (!p) return;
    this.#pending = undefined;
    if (error instanceof VirtnetError || p.lines.some(isQuery)) {
      p.reject(error instanceof VirtnetError ? error : toolError(this.#tool, this.#err, { lines: p.lines }));
      return;
    }
    p.resolve(
      p.lines.map((_, i) => {
        const stderr = p.stderrs[i];
        if (stderr === undefined) return { ok: false, stderr: i === p.stderrs.length ? words(this.#err) || 'the process ended' : NOT_RUN };
        return hasFailed(stderr) ? { ok: false, stderr: words(stderr) } : { ok: true, text: '' };
      }),
    );
  }
}

interface Pending {
  readonly lines: readonly string[];
  readonly first: number;
  /** What stderr said for each line up to its marker. */
  readonly stderrs: string[];
  readonly resolve: (results: readonly LineResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A cheap query that prints one line. */
const SENTINEL = { ip: 'neigh show dev lo\n', tc: 'qdisc show dev lo\n' } as const;
const MARK = 'virtnet-mark';
const MARK_SEEN = /Object "virtnet-mark" is unknown[^\n]*\nCommand failed -:\d+\n/;
/** The words of a line that never ran because one before it ended the process. */
export const NOT_RUN = 'not run';

/**
 * What iproute2 says of a listing that the kernel marked as interrupted (NLM_F_DUMP_INTR), and of one that it asked for by the index of a
 * device that is gone, where another one may bear the name by now; both are no failures to it.
 */
const TORN = /Dump was interrupted|Cannot send link request/;
/** How often a torn listing is asked for again; on a host that never rests the last one must do. */
const TORN_AGAIN = 5;

function hasFailed(stderr: string): boolean {
  return stderr.includes('Command failed');
}

function isQuery(line: string): boolean {
  return /^\S+ (show|list|list-id)( |$)/.test(line);
}

function words(stderr: string): string {
  return stderr.replace(/^Command failed -:\d+$/gm, '').trim();
}

/**
 * A lasting `ip -json -details -force -batch -` for queries and changes: an answer in 0.1 ms where a spawn costs 2 to 14 ms.
 * iproute2 keeps the indexes of the names it met for as long as it lives, so a process is used for a short while only and another
 * stands ready; `forget` replaces it at once. After a `link show` the same process shows no more addresses (iproute2 6.1 keeps the
 * family of the filter), so links are asked for by `address show`, which tells the same and more.
 */
export class IpTool {
  readonly #tool: 'ip' | 'tc';
  #current: Coprocess | undefined;
  #standby: Coprocess | undefined;
  #chain: Promise<unknown> = Promise.resolve();
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(tool: 'ip' | 'tc' = 'ip') {
    this.#tool = tool;
  }

  /** Runs commands in order, also after one failed, and gives each one's outcome. */
  batch(commands: readonly IpArgs[], timeoutMs = 30_000): Promise<readonly LineResult[]> {
    if (commands.length === 0) return Promise.resolve([]);
    const lines = commands.map(batchLine);
    const result = this.#chain.then(() => this.#ask(lines, timeoutMs + lines.length * 100, TORN_AGAIN));
    this.#chain = result.catch(() => undefined);
    return result;
  }

  async #ask(lines: readonly string[], timeoutMs: number, attempts: number): Promise<readonly LineResult[]> {
    const results = await this.#process().run(lines, timeoutMs);
    const torn = results.flatMap((r, i) => (r.ok && r.torn ? [i] : []));
    if (torn.length === 0 || attempts === 0) return results;
    this.forget();
    const again = await this.#ask(
      torn.flatMap((i) => lines[i] ?? []),
      timeoutMs,
      attempts - 1,
    );
    return results.map((r, i) => again[torn.indexOf(i)] ?? r);
  }

  /** One query; an answer of "there is no such thing" is undefined. */
  async query<T>(args: IpArgs): Promise<readonly T[] | undefined> {
    const [result] = await this.batch([args]);
    return result?.ok ? parseRows<T>(result.text) : undefined;
  }

  /** The next call gets a process that remembers nothing. */
  forget(): void {
    this.#current?.end();
    this.#current = undefined;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#current?.end();
    this.#standby?.end();
    this.#current = this.#standby = undefined;
  }

  #process(): Coprocess {
    const now = performance.now();
    const c = this.#current;
    if (c && !c.broken && (c.firstUsed === undefined || now - c.firstUsed < FRESH_MS)) return c;
    c?.end();
    const next = this.#standby && !this.#standby.broken ? this.#standby : new Coprocess(this.#tool);
    this.#standby = undefined;
    this.#current = next;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      if (!this.#closed) this.#standby ??= new Coprocess(this.#tool);
    }, FRESH_MS);
    this.#timer.unref();
    return next;
  }
}

/** How long a process's memory of names and indexes is trusted, in milliseconds. */
const FRESH_MS = 250;

/** The rows of a JSON answer; iproute2 prints `{}` for a row that a filter left out. */
export function parseRows<T>(text: string): readonly T[] {
  const rows = JSON.parse(text) as readonly T[];
  return rows.filter((row) => Object.keys(row as object).length > 0);
}
