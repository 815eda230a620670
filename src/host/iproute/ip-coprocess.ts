import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { VirtnetError } from '../../base/errors.ts';
import { cleanEnvironment, spawnError, toolError } from '../tools/command.ts';
import { batchLine } from './ip-line.ts';
import { OURS } from '../tools/orphans.ts';
import type { IpArgs } from './ip-line.ts';
import { keepAlive } from '../tools/keep-alive.ts';

/**
 * What came of one line: its output (JSON text, empty for a change), or the tool's words when it failed. A listing is `torn` when what it
 * lists changed while the kernel told it.
 */
export type LineResult =
  { readonly ok: true; readonly text: string; readonly torn?: true } | { readonly ok: false; readonly stderr: string };

/** Starts the tool each time a line asks for it. The shell reads no further than that line, so the tool has the rest. */
const LOOP = `while IFS= read -r go; do "$@"; printf 'virtnet-ended\\n' >&2; done`;

/**
 * A lasting shell that runs `ip -batch -` (or `tc -batch -`), one after another, fed on stdin. A new one costs this process nothing but a
 * line; a child of its own would cost a copy of the page tables of its heap.
 */
class Coprocess {
  /** When the tool that runs now was first used; undefined for one that remembers nothing yet. */
  firstUsed: number | undefined;
  broken = false;
  /** Without pipes where this process can have no more files; an 'error' tells. */
  readonly #child: ChildProcess;
  readonly #tool: 'ip' | 'tc';
  #out = '';
  #err = '';
  #failure: Error | undefined;
  #pending: Pending | undefined;
  /** Told when the tool has ended that was asked to. */
  #ending: { readonly done: Promise<void>; readonly tell: () => void } | undefined;

  constructor(tool: 'ip' | 'tc') {
    this.#tool = tool;
    const argv = ['-c', LOOP, 'virtnet', tool, '-json', '-details', '-force', '-batch', '-'];
    this.#child = spawn('/bin/sh', argv, { env: cleanEnvironment(OURS.variables), stdio: 'pipe', cwd: '/', detached: OURS.detached });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#out += text;
      this.#look();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#err += text;
      this.#look();
    });
    this.#child.stdin?.on('error', () => undefined); // its end is told by 'close'
    this.#child.on('error', (error) => {
      this.#fail(spawnError('sh', error));
    });
    this.#child.on('close', () => {
      this.#look();
      this.#fail(new Error('closed'));
    });
    this.#child.stdin?.write('go\n');
    keepAlive(this.#child, false);
  }

  /**
   * Sends the lines and waits for all their answers. After each line goes a marker, an unknown command: its complaint on stderr tells which
   * line the words before it belong to, and how far a batch came when a line ends the process (iproute2 exits on a malformed argument).
   */
  async run(lines: readonly string[], timeoutMs: number): Promise<readonly LineResult[]> {
    keepAlive(this.#child, true);
    const timer = setTimeout(() => {
      this.#fail(
        new VirtnetError({ code: 'VNH001', message: `${this.#tool} gave no answer in ${String(timeoutMs)} ms`, details: { lines } }),
      );
      this.kill();
    }, timeoutMs);
    try {
      if (this.#ending) await this.#ending.done;
      this.firstUsed ??= performance.now();
      return await new Promise<readonly LineResult[]>((resolve, reject) => {
        this.#pending = { lines, stderrs: [], resolve, reject };
        let text = '';
        for (const line of lines) text += `${line}\n${MARK} \n`;
        if (this.#failure) this.#fail(this.#failure);
        else this.#child.stdin?.write(lines.some(isQuery) ? text + SENTINEL[this.#tool] : text);
      });
    } finally {
      clearTimeout(timer);
      keepAlive(this.#child, false);
    }
  }

  /** The next lines go to a tool that remembers nothing. Not to be called while lines are under way. */
  renew(): void {
    if (this.firstUsed === undefined || this.broken || this.#ending) return;
    let tell = (): void => undefined;
    const done = new Promise<void>((resolve) => (tell = resolve));
    this.#ending = { done, tell };
    this.firstUsed = undefined;
    this.#child.stdin?.write(LAST_LINE[this.#tool]);
  }

  kill(): void {
    this.broken = true;
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      this.#child.kill('SIGKILL'); // its group is not there yet, or not any more
    }
  }

  #look(): void {
    const p = this.#pending;
    for (let at = MARK_SEEN.exec(this.#err); p && at; at = MARK_SEEN.exec(this.#err)) {
      p.stderrs.push(this.#err.slice(0, at.index));
      this.#err = this.#err.slice(at.index + at[0].length);
    }
    const ended = ENDED.exec(this.#err);
    if (ended) {
      const last = this.#err.slice(0, ended.index);
      this.#err = this.#out = '';
      if (this.#ending) {
        this.#ending.tell();
        this.#ending = undefined;
        this.#child.stdin?.write('go\n');
        return;
      }
      // It ended of itself: on a malformed argument, or because it cannot run here.
      this.kill();
      if (p) this.#cutOff(p, last);
      return;
    }
    if (!p || p.stderrs.length < p.lines.length) return;
    const asks = p.lines.some(isQuery);
    if (asks && !this.#out.endsWith('\n')) return;
    // One line of JSON for each query, and one for the sentinel that came last. Without a query the markers tell all.
    const texts = this.#out.split('\n').filter((t) => t !== '');
    const expected = asks ? p.lines.filter((line, i) => isQuery(line) && !hasFailed(p.stderrs[i] ?? '')).length + 1 : 0;
    if (texts.length < expected) return;
    this.#out = '';
    this.#pending = undefined;
    if (texts.length > expected) {
      this.kill();
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

  /** The tool is gone: lines before the last marker have their answers, the one after it ended it, the rest were not run. */
  #cutOff(p: Pending, last: string): void {
    this.#pending = undefined;
    if (NOT_FOUND.test(last)) {
      p.reject(spawnError(this.#tool, Object.assign(new Error(last.trim()), { code: 'ENOENT' })));
      return;
    }
    if (p.lines.some(isQuery)) {
      p.reject(toolError(this.#tool, last, { lines: p.lines }));
      return;
    }
    p.resolve(
      p.lines.map((_, i) => {
        const stderr = p.stderrs[i];
        if (stderr === undefined) return { ok: false, stderr: i === p.stderrs.length ? words(last) || 'the process ended' : NOT_RUN };
        return hasFailed(stderr) ? { ok: false, stderr: words(stderr) } : { ok: true, text: '' };
      }),
    );
  }

  /** The shell is gone, or is to go. */
  #fail(error: Error): void {
    this.broken = true;
    this.#failure ??= error;
    this.#ending?.tell();
    this.#ending = undefined;
    const p = this.#pending;
    if (!p) return;
    if (!(error instanceof VirtnetError)) {
      this.#cutOff(p, this.#err);
      return;
    }
    this.#pending = undefined;
    p.reject(error);
  }
}

interface Pending {
  readonly lines: readonly string[];
  /** What stderr said for each line up to its marker. */
  readonly stderrs: string[];
  readonly resolve: (results: readonly LineResult[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A query that prints one line. It reads no list of all links, as others do; that of tc(8) walks over the qdiscs of all devices. */
const SENTINEL = { ip: 'address show dev lo\n', tc: 'qdisc show dev lo\n' } as const;
/** A line with a malformed argument: it changes nothing, and iproute2 exits on it. */
const LAST_LINE = { ip: 'address add - dev lo\n', tc: 'qdisc add dev lo root handle zz:\n' } as const;
const MARK = 'virtnet-mark';
const MARK_SEEN = /Object "virtnet-mark" is unknown[^\n]*\nCommand failed -:\d+\n/;
const ENDED = /virtnet-ended\n/;
/** A shell's words for a program that is not there. */
const NOT_FOUND = /: (?:command )?not found/;
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
 * iproute2 keeps the indexes of the names it met for as long as it lives, so an ip(8) is used for a short while only and is followed by
 * another; `forget` asks for that at once. After a `link show` the same process shows no more addresses (iproute2 6.1 keeps the
 * family of the filter), so links are asked for by `address show`, which tells the same and more.
 */
export class IpTool {
  readonly #tool: 'ip' | 'tc';
  #process: Coprocess | undefined;
  /** What is under way; undefined when nothing is: what is asked for then goes out before `batch` returns. */
  #chain: Promise<unknown> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(tool: 'ip' | 'tc' = 'ip') {
    this.#tool = tool;
  }

  /** Runs commands in order, also after one failed, and gives each one's outcome. */
  batch(commands: readonly IpArgs[], timeoutMs = 30_000): Promise<readonly LineResult[]> {
    if (commands.length === 0) return Promise.resolve([]);
    const lines = commands.map(batchLine);
    return this.#inTurn(() => this.#ask(lines, timeoutMs + lines.length * 100, TORN_AGAIN));
  }

  async #ask(lines: readonly string[], timeoutMs: number, attempts: number): Promise<readonly LineResult[]> {
    const results = await this.#fresh().run(lines, timeoutMs);
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

  /** What is asked for after this goes to a process that remembers nothing. */
  forget(): void {
    void this.#inTurn(() => Promise.resolve(this.#process?.renew()));
  }

  /** Begins the work when all before it is done, which is at once if nothing is. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#chain ? this.#chain.then(work) : work();
    const ended = (): void => {
      if (this.#chain === chain) this.#chain = undefined;
    };
    const chain: Promise<unknown> = result.then(ended, ended);
    this.#chain = chain;
    return result;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#process?.kill();
    this.#process = undefined;
  }

  #fresh(): Coprocess {
    if (this.#process === undefined || this.#process.broken) this.#process = new Coprocess(this.#tool);
    if (this.#tool === 'tc') return this.#process;
    const { firstUsed } = this.#process;
    if (firstUsed !== undefined && performance.now() - firstUsed >= FRESH_MS) this.#process.renew();
    // Renewed ahead of the next use.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.forget();
    }, FRESH_MS);
    this.#timer.unref();
    return this.#process;
  }
}

/**
 * How long ip(8)'s memory of names and indexes is trusted, in milliseconds. A tc(8) stays until somebody calls `forget`, see `TcTool`.
 */
const FRESH_MS = 250;

/** The rows of a JSON answer; iproute2 prints `{}` for a row that a filter left out. */
export function parseRows<T>(text: string): readonly T[] {
  const rows = JSON.parse(text) as readonly T[];
  return rows.filter((row) => Object.keys(row as object).length > 0);
}
