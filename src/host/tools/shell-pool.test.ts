import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { cleanEnvironment, tryRun } from './command.ts';
import { runByShell } from './shell-pool.ts';

const folder = mkdtempSync(join(tmpdir(), 'shell-pool-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const run = (
  argv: readonly [string, ...string[]],
  more: { readonly env?: Record<string, string>; readonly input?: string; readonly timeoutMs?: number; readonly gathered?: boolean } = {},
) => runByShell({ argv, env: {}, input: '', timeoutMs: 10_000, ...more }, cleanEnvironment());

test('words arrive as they are: nothing in them is evaluated', async () => {
  const bait = join(folder, 'bait');
  const words = [`$(touch ${bait})`, '`id`', "it's", '"', ' two  blanks ', '\\n', '*', '-n', '', '$HOME', '; false', '${words}', 'ü\t'];
  const result = await run(['printf', '<%s>', ...words]);
  expect(result).toEqual({ code: 0, timedOut: false, stdout: words.map((w) => `<${w}>`).join(''), stderr: '' });
  expect(existsSync(bait)).toBe(false);
});

test('values of variables arrive as they are, and only there', async () => {
  const value = '$(id) "x" = \\ ';
  expect((await run(['printenv', 'VIRTNET_A'], { env: { VIRTNET_A: value } }))?.stdout).toBe(`${value}\n`);
  expect((await run(['printenv', 'VIRTNET_A']))?.code).toBe(1);
});

test('exit code, signal, both outputs and stdin', async () => {
  expect(await run(['sh', '-c', 'printf out; printf err >&2; exit 3'])).toEqual({ code: 3, timedOut: false, stdout: 'out', stderr: 'err' });
  expect(await run(['sh', '-c', 'kill -9 $$'])).toMatchObject({ signal: 'SIGKILL', timedOut: false });
  const input = 'line\n'.repeat(100_000);
  expect((await run(['cat'], { input }))?.stdout).toBe(input);
  expect((await run(['cat']))?.stdout).toBe('');
});

test('an output that is gathered is the same but for the line breaks at its end', async () => {
  const script = 'cat; printf err >&2; exit 3';
  const answer = { code: 3, timedOut: false, stderr: 'err' };
  const input = ' $(id) `id` \\n %s "\n\n'.repeat(3);
  expect(await run(['sh', '-c', script], { input, gathered: true })).toEqual({ ...answer, stdout: input.slice(0, -2) });
  expect(await run(['sh', '-c', 'kill -9 $$'], { gathered: true })).toMatchObject({ signal: 'SIGKILL', timedOut: false });
  expect((await run(['printenv', 'VIRTNET_A'], { env: { VIRTNET_A: '$(id)' }, gathered: true }))?.stdout).toBe('$(id)');
});

test('many at once do not mix their answers', async () => {
  const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => tryRun(['sh', '-c', `printf ${String(i)}; exit ${String(i)}`])));
  expect(answers.map((a) => [a.stdout, a.code])).toEqual(Array.from({ length: 30 }, (_, i) => [String(i), i]));
});

test('what takes too long is killed with its children, and the next command is not disturbed', async () => {
  const pidFile = join(folder, 'pid');
  const script = 'sleep 60 & echo $! > "$0"; wait';
  const slow = await run(['sh', '-c', script, pidFile], { timeoutMs: 300 });
  expect(slow).toMatchObject({ timedOut: true, signal: 'SIGKILL' });
  const pid = readFileSync(pidFile, 'utf8').trim();
  const status = (): string => (existsSync(`/proc/${pid}/status`) ? readFileSync(`/proc/${pid}/status`, 'utf8') : '');
  // A zombie that its new parent has not waited for yet runs no more.
  await expect.poll(status).not.toMatch(/^State:\t[^ZX]/m);
});

test('a word with a line break, and a program that is not there, are left to a direct start', async () => {
  expect(await run(['printf', '%s', 'a\nb'])).toBeUndefined();
  expect((await tryRun(['printf', '%s', 'a\nb'])).stdout).toBe('a\nb');
  await expect(tryRun(['virtnet-no-such-program'])).rejects.toMatchObject({ code: 'VNH002' });
});
