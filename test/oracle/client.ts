import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A refusal by libvirt: `VIR_ERR_*`, `VIR_FROM_*` and the whole message. */
export interface OracleError {
  readonly code: number;
  readonly domain: number;
  readonly message: string;
}

export type OracleRequest =
  | { readonly op: 'define' | 'create' | 'domain'; readonly xml: string }
  | {
      readonly op: 'update';
      readonly xml: string;
      readonly active?: boolean;
      readonly section: number;
      readonly command: number;
      readonly parentIndex: number;
      readonly fragment: string;
    }
  | { readonly op: 'port'; readonly network: string; readonly ports: readonly string[] };

export interface OracleAnswer {
  readonly error?: OracleError;
  readonly startError?: OracleError;
  /** Inactive document; for `update` the one after it, `before` the one before it. */
  readonly xml?: string;
  readonly before?: string;
  readonly live?: string;
  readonly ports?: readonly { readonly xml?: string; readonly error?: OracleError }[];
}

/** A private libvirtd that answers one question at a time. */
export interface Oracle extends AsyncDisposable {
  ask(request: OracleRequest): Promise<OracleAnswer>;
}

/** Starts the daemon in namespaces of its own (needs root and test/oracle/install.sh). */
export function openOracle(root: string = process.cwd()): Oracle {
  const folder = join(root, 'test', 'oracle');
  const child = spawn(join(folder, 'with-libvirtd'), ['--lab', '/usr/bin/python3', join(folder, 'oracle.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting: { resolve: (answer: OracleAnswer) => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line) as OracleAnswer));
  const ended = new Promise<void>((resolve) => {
    child.on('close', (code) => {
      for (const one of waiting.splice(0)) one.reject(new Error(`the oracle ended with code ${String(code)}`));
      resolve();
    });
  });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(request)}\n`);
      }),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}
