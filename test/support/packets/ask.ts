import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Where a command runs: a namespace, or the host itself. */
function inside(netns: string | undefined, ...command: readonly [string, ...string[]]): readonly [string, ...string[]] {
  return netns === undefined ? command : ['ip', 'netns', 'exec', netns, ...command];
}

/** Answers on TCP and UDP port 7777 of a namespace with the address that the asker is seen by. End it with `kill`. */
export async function serve(netns: string): Promise<ChildProcess> {
  const [command, ...args] = inside(netns, 'perl', join(import.meta.dirname, 'echo.pl'));
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

/**
 * Asks from a namespace (undefined: from the host itself), all at once. A question is `PROTOCOL ADDRESS PORT`; the answers by question are the
 * address that the other side saw, `refused`, `unreachable` or `silent` (after 3 s).
 */
export async function ask(netns: string | undefined, questions: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const [command, ...args] = inside(netns, 'perl', join(import.meta.dirname, 'probe.pl'), '3');
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (data: string) => (text += data));
  child.stdin.end(questions.map((question, i) => `${String(i)} ${question}\n`).join(''));
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`asking from ${netns ?? 'the host'} ended with ${String(code)}`);
  return Object.fromEntries(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '))
      .map(([i, answer = '']) => [questions[Number(i)] ?? '', answer]),
  );
}
