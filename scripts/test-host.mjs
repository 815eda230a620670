/**
 * The tests on the real kernel: each file alone in its own namespaces (scripts/isolated.sh) or throw-away VM (test/kernel-lab).
 *   node scripts/test-host.mjs [--counts FILE] [--jobs N] [--seconds N] [--verbose] [FILE...]
 * A line `// lab: --igb 1 --mem 3072` in a *.lab.test.ts gives options to test/kernel-lab.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { countsOf, record, takeOption } from './lib/vitest-result.mjs';

const root = join(import.meta.dirname, '..');
process.chdir(root);
const args = process.argv.slice(2);
const countsPath = takeOption(args, 'counts');
const jobs = Number(takeOption(args, 'jobs') ?? 2);
const seconds = Number(takeOption(args, 'seconds') ?? 300);
const verbose = args.includes('--verbose');
const named = args.filter((arg) => !arg.startsWith('--'));
const resultMark = '@@virtnet-host-test-result@@';

/** @type {(file: string) => boolean} */
const has = (command) => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

function testFiles() {
  if (named.length > 0) {
    const missing = named.filter((file) => !existsSync(file));
    if (missing.length > 0) {
      console.error(`test-host: no such file: ${missing.join(', ')}`);
      process.exit(2);
    }
    return named.map((file) => relative(root, resolve(file)));
  }
  if (!existsSync('test/host')) return [];
  return readdirSync('test/host', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join('test/host', file))
    .sort();
}

/** Why namespaces cannot be made here, or undefined. */
function isolationFault() {
  const probe = spawnSync('sh', ['scripts/isolated.sh', 'true'], { encoding: 'utf8' });
  if (probe.status === 0) return undefined;
  const words = `${probe.stderr ?? ''}`.trim().split('\n')[0] ?? '';
  const advice =
    process.getuid?.() === 0 ? 'a container needs CAP_SYS_ADMIN and CAP_NET_ADMIN' : 'run as root, or allow unprivileged user namespaces';
  return `cannot make network namespaces here (${words}): ${advice}`;
}

/** Why a file cannot run on this machine, or undefined. */
function reasonToSkip(file) {
  if (file.endsWith('.oracle.test.ts') && !has('libvirtd')) return 'libvirtd is not installed (sh scripts/setup.sh oracle)';
  if (file.endsWith('.lab.test.ts')) {
    const probe = spawnSync('sh', ['test/kernel-lab', '--check', ...labOptions(file)], { encoding: 'utf8' });
    if (probe.status !== 0) return `${probe.stderr.trim()} (sh scripts/setup.sh lab)`;
  }
  return undefined;
}

function labOptions(file) {
  const line = /^\/\/ lab: (.*)$/m.exec(readFileSync(file, 'utf8'));
  return line?.[1] === undefined ? [] : line[1].trim().split(/\s+/);
}

/** The command that runs one file; its report comes last on stdout, after the mark. */
function commandFor(file, folder) {
  const report = file.endsWith('.lab.test.ts') ? '/tmp/report.json' : join(folder, 'report.json');
  const vitest = `node node_modules/vitest/vitest.mjs run --config vitest.host.config.ts --reporter=default --reporter=json --outputFile=${report} "$1"`;
  const script = `cd "$0" && ${vitest}; status=$?; printf '\\n${resultMark}\\n'; cat ${report}; exit $status`;
  const inner = ['sh', '-c', script, root, file];
  return file.endsWith('.lab.test.ts')
    ? ['test/kernel-lab', ...labOptions(file), '--timeout', String(seconds * 2), '--', ...inner]
    : ['scripts/isolated.sh', ...inner];
}

/** Runs one file; never rejects: a run that cannot start or ends late is a failure with its reason. */
function runFile(file) {
  const folder = mkdtempSync('.cache/host-');
  const limit = file.endsWith('.lab.test.ts') ? seconds * 2 + 30 : seconds;
  return new Promise((resolveRun) => {
    const child = spawn('sh', commandFor(file, join(root, folder)), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    });
    running.add(child);
    let out = '';
    let late = false;
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (out += text));
    const timer = setTimeout(() => {
      late = true;
      child.kill('SIGKILL'); // the pid namespace ends with it
    }, limit * 1000);
    child.on('error', (error) => (out += String(error)));
    child.on('close', (status) => {
      clearTimeout(timer);
      running.delete(child);
      rmSync(folder, { recursive: true, force: true });
      const at = out.lastIndexOf(resultMark);
      const log = at < 0 ? out : out.slice(0, at);
      const counts = countsOf(at < 0 ? '' : out.slice(at + resultMark.length), status);
      if (late) counts.failures.unshift({ name: file, message: `still running after ${limit} s: ended` });
      resolveRun({ file, counts, log });
    });
  });
}

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of running) child.kill('SIGKILL');
    process.exit(130);
  });
}

mkdirSync('.cache', { recursive: true });
const files = testFiles();
const fault = files.some((file) => !file.endsWith('.lab.test.ts')) ? isolationFault() : undefined;
const totals = { passed: 0, failed: 0, skippedTests: 0, skippedFiles: 0 };
const queue = [];
for (const file of files) {
  const reason = reasonToSkip(file);
  if (reason === undefined) queue.push(file);
  else {
    totals.skippedFiles += 1;
    console.log(`skipped: ${file}: ${reason}`);
  }
}
if (fault !== undefined) {
  console.error(`test-host: ${fault}`);
  totals.failed += 1; // nothing ran: that is no pass
  queue.length = 0;
}

/** Files that emulate a machine: each keeps a core busy and has its own clock, so they run one at a time, and first, beside the others. */
const emulates = (file) => /\.lab\.test\.ts$|\/vm-[^/]*$/.test(file);
queue.sort((a, b) => Number(emulates(b)) - Number(emulates(a)));

/** Takes the next file that may run now. */
function next() {
  const at = queue.findIndex((file) => !emulating || !emulates(file));
  return at < 0 ? undefined : queue.splice(at, 1)[0];
}

let emulating = false;
let done = 0;
const count = queue.length;
async function worker() {
  for (let file = next(); file !== undefined; file = next()) {
    const began = Date.now();
    const isEmulated = emulates(file);
    emulating ||= isEmulated;
    const { counts, log } = await runFile(file);
    if (isEmulated) emulating = false;
    done += 1;
    const took = ((Date.now() - began) / 1000).toFixed(1);
    console.log(`[${done}/${count}] ${file}: ${counts.passed} passed, ${counts.failed} failed (${took} s)`);
    if (counts.failed > 0 || verbose) console.log(log.replace(/^/gm, '    '));
    for (const failure of counts.failures) console.log(`    FAILED ${failure.name}\n${failure.message.replace(/^/gm, '        ')}`);
    if (counts.failed > 0 && secondTry && again.length < MOST_AGAIN) again.push(file);
    else add(counts);
  }
}

function add(counts) {
  totals.passed += counts.passed;
  totals.failed += counts.failed;
  totals.skippedTests += counts.skipped.length;
  for (const name of counts.skipped) console.log(`    skipped: ${name}`);
}

/**
 * With VIRTNET_TEST_SECOND_TRY=1 (as CI has it) a file that failed runs once more, alone, and its second result counts; the first one stays
 * in the output. Machines that do other work at the same time stop a process for seconds now and then. Many failures are no such accident.
 */
const secondTry = process.env['VIRTNET_TEST_SECOND_TRY'] === '1';
const MOST_AGAIN = 4;
const again = [];
async function tryAgain() {
  for (const file of again) {
    const { counts, log } = await runFile(file);
    console.log(`second try: ${file}: ${counts.passed} passed, ${counts.failed} failed (it failed at the first)`);
    if (counts.failed > 0) console.log(log.replace(/^/gm, '    '));
    add(counts);
  }
}
if (count > 0) console.log(`host tests: ${count} files, ${Math.min(jobs, count)} at a time`);
await Promise.all(Array.from({ length: jobs }, worker));
await tryAgain();
const skipped = totals.skippedFiles > 0 ? `, ${totals.skippedFiles} files skipped` : '';
console.log(`host tests: ${totals.passed} passed, ${totals.failed} failed, ${totals.skippedTests} tests skipped${skipped}`);
record(countsPath, 'host', totals.passed, totals.failed);
process.exitCode = totals.failed > 0 ? 1 : 0;
