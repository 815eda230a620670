/**
 * Runs the tests of one file in this process, by vitest's own runner. The command `vitest` would start a server and a second process first:
 * half a second of a processor, and under emulation more than most files take. bundle-test.mjs makes one program of this and of a test file:
 *   node BUNDLE REPORT      what vitest's JSON reporter writes, as far as vitest-result.mjs reads it, goes to the file REPORT
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { setImmediate } from 'node:timers/promises';
// Of the same version as vitest, which brings it.
import { startTests } from '@vitest/runner';

/** Milliseconds that a test or a hook may take; under the lab's software emulation everything takes 5 to 20 times as long. */
const limit = process.env['KERNEL_LAB'] === undefined ? 60_000 : 300_000;

const config = {
  root: process.cwd(),
  name: undefined,
  setupFiles: [],
  passWithNoTests: false,
  testNamePattern: undefined,
  allowOnly: process.env['CI'] === undefined,
  sequence: { seed: 0, hooks: 'stack', setupFiles: 'parallel' },
  chaiConfig: undefined,
  maxConcurrency: 5,
  testTimeout: limit,
  hookTimeout: limit,
  retry: 0,
  includeTaskLocation: false,
  tags: [],
  tagsFilter: undefined,
  strictTags: true,
};

/**
 * Ends the process; its status is 1 where a test failed or an error came outside of them.
 * @param {string} name of the file
 * @param {() => Promise<unknown>} importFile
 */
export async function run(name, importFile) {
  // vitest's expect.poll() looks for its defaults there.
  globalThis['__vitest_worker__'] = { config: { expect: { poll: { timeout: limit / 3 } } } };
  for (const event of ['uncaughtException', 'unhandledRejection']) {
    process.on(event, (error) => {
      process.exitCode = 1;
      console.log(event, error instanceof Error ? wordsOf(error) : error);
    });
  }
  // The runner's timers keep no process alive that waits for nothing else.
  const alive = setInterval(() => undefined, 60_000);
  const [file] = await startTests([name], { config, importFile, onAfterRunTask: tell });
  // A promise of the last test that was rejected is told before.
  await setImmediate();
  clearInterval(alive);
  writeFileSync(process.argv[2], JSON.stringify({ testResults: [resultOf(file)] }));
  process.exit(file.result.state === 'fail' ? 1 : process.exitCode);
}

function tell({ name, result }) {
  const { state, duration } = result ?? { state: 'skip' };
  console.log(`${state} ${name}${duration === undefined ? '' : ` (${String(Math.round(duration))} ms)`}`);
}

function resultOf(file) {
  const tasks = tasksOf(file);
  const tests = tasks.filter(({ task }) => task.type === 'test');
  const suites = [file, ...tasks.map(({ task }) => task).filter(({ type }) => type === 'suite')];
  return {
    name: file.name,
    status: file.result.state === 'fail' ? 'failed' : 'passed',
    message: suites.flatMap(messagesOf).join('\n'),
    assertionResults: tests.map(({ names, task }) => ({
      status: { pass: 'passed', fail: 'failed' }[task.result?.state] ?? 'skipped',
      fullName: names.join(' '),
      failureMessages: messagesOf(task),
    })),
  };
}

/** What a suite contains, each with the names of the suites that lead to it and its own. */
function tasksOf(suite, path = []) {
  return suite.tasks.flatMap((task) => {
    const names = [...path, task.name];
    return [{ names, task }, ...(task.type === 'suite' ? tasksOf(task, names) : [])];
  });
}

const messagesOf = ({ result }) => (result?.errors ?? []).map(wordsOf);

/** An error with its lines in the sources, what was expected, and its causes. */
function wordsOf({ name, message, stack, diff, cause }) {
  const words = [name ? `${name}: ${message}` : message, ...linesOf(stack ?? ''), diff, cause && `caused by: ${wordsOf(cause)}`];
  return words.filter(Boolean).join('\n');
}

let map;
/** The frames of a stack in this bundle as ones of the sources, without those of packages. */
function linesOf(stack) {
  const bundle = process.argv[1];
  map ??= new SourceMap(JSON.parse(readFileSync(`${bundle}.map`, 'utf8')));
  return stack.split('\n').flatMap((line) => {
    const [place, row, column] = /[^\s(]+:(\d+):(\d+)(?=\)?$)/.exec(line) ?? [];
    if (!place?.includes(bundle)) return place === undefined ? [] : [line];
    const { originalSource, originalLine, originalColumn } = map.findEntry(row - 1, column - 1);
    if (originalSource === undefined) return [];
    const source = relative(config.root, resolve(dirname(bundle), originalSource));
    return source.startsWith('node_modules/') ? [] : [line.replace(place, `${source}:${originalLine + 1}:${originalColumn + 1}`)];
  });
}
