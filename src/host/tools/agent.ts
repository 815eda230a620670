import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { cleanEnvironment } from './command.ts';

/** A lasting helper process that answers JSON lines: `{ id, ...request }` on its stdin, `{ id, ...answer }` on its stdout. */
export class Agent {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { readonly resolve: (answer: unknown) => void; readonly reject: (error: Error) => void }>();
  #next = 0;
  #ended = false;
  #stderr = '';

  /** Starts the program; it must serve until its stdin closes. */
  constructor(argv: readonly [string, ...string[]]) {
    const [program, ...args] = argv;
    this.#child = spawn(program, args, { env: cleanEnvironment(), stdio: ['pipe', 'pipe', 'pipe'], cwd: '/' });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.#stderr = (this.#stderr + text).slice(-2000)));
    this.#child.stdin?.on('error', () => undefined); // its end is told by 'close'
    this.#child.on('error', (error) => {
      this.#fail(error.message);
    });
    this.#child.on('close', () => {
      this.#fail(this.#stderr.trim() === '' ? 'it ended' : this.#stderr.trim());
    });
    if (this.#child.stdout) {
      createInterface({ input: this.#child.stdout }).on('line', (line) => {
        const { id, ...answer } = JSON.parse(line) as { readonly id: number };
        this.#waiting.get(id)?.resolve(answer);
        this.#waiting.delete(id);
      });
    }
  }

  /** Sends a request and waits for its answer. @throws Error when the process is gone or does not answer in time. */
  ask(request: Readonly<Record<string, unknown>>, timeoutMs = 15_000): Promise<unknown> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      if (this.#ended) {
        reject(new Error(`the helper process is gone: ${this.#stderr}`));
        return;
      }
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`the helper process did not answer ${JSON.stringify(request)}`));
      }, timeoutMs);
      const settle = <T>(then: (value: T) => void) => {
        return (value: T): void => {
          clearTimeout(timer);
          then(value);
        };
      };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      this.#child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  /** Ends the process and waits until it is gone. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const gone = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }

  #fail(words: string): void {
    this.#ended = true;
    for (const { reject } of this.#waiting.values()) reject(new Error(`the helper process is gone: ${words}`));
    this.#waiting.clear();
  }
}
