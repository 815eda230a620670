/**
 * The tests on the real kernel: each file alone in its own namespaces (scripts/isolated.sh) or throw-away VM (test/kernel-lab).
 *   node scripts/test-host.mjs [--counts FILE] [--jobs N] [--seconds N] [--kernel here|stock] [--verbose] [FILE...]
 * The *.lab.test.ts share a VM with those that say `// kernels: both`, which run here too, each in namespaces of its own. Those that give
 * options to test/kernel-lab by a line like `// lab: --igb 1` have the machine to themselves, one after the other where the options are the same.
 * Those that say `// last: WHY` come after all others: what a slow machine leaves out (VIRTNET_TEST_UNTIL) should be the least important.
 * Without root, those that say what they need of it by a line like `// root: ufw` run in the lab alone, if they do there.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { BUNDLES, bundleTest } from './lib/bundle-test.mjs';
import { countsOf, parseReport, record, takeOption } from './lib/vitest-result.mjs';

const root = join(import.meta.dirname, '..');
process.chdir(root);
const args = process.argv.slice(2);
const countsPath = takeOption(args, 'counts');
// Most files wait most of the time.
const jobs = Number(takeOption(args, 'jobs') ?? availableParallelism() + 1);
const seconds = Number(takeOption(args, 'seconds') ?? 300);
/** `here` or `stock`: only what runs on that kernel. */
const onlyKernel = takeOption(args, 'kernel');
const verbose = args.includes('--verbose');
const named = args.filter((arg) => !arg.startsWith('--'));
const resultMark = '@@virtnet-host-test-result@@';
const endMark = '@@virtnet-host-test-end@@';
/** With VIRTNET_TEST_UNTIL (seconds since 1970, as CI has it) no file begins after that moment: what does not run is named, and not counted. */
const until = Number(process.env['VIRTNET_TEST_UNTIL'] ?? Infinity);
const isLate = (grace = 0) => Date.now() / 1000 >= until + grace;

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
    .sort((a, b) => Number(isLast(a)) - Number(isLast(b)) || (a < b ? -1 : 1));
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

/**
 * Files that run one after the other in one place: this machine, or a VM.
 * @typedef {{ files: string[], lab: boolean, options: string[] }} Job
 */

const isLab = (file) => file.endsWith('.lab.test.ts');
/** The options that a file gives to the lab. */
const labOptions = (file) => /^\/\/ lab: (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1]?.trim().split(/\s+/) ?? [];
/** What of root a file needs here, by a line like `// root: devices of the host`; a VM's root is anybody's. */
const needsRoot = (file) => (file.endsWith('.oracle.test.ts') ? 'libvirtd' : /^\/\/ root: (.*)$/m.exec(readFileSync(file, 'utf8'))?.[1]);
const isLast = (file) => /^\/\/ last: /m.test(readFileSync(file, 'utf8'));
const isForBoth = (file) => !isLab(file) && /^\/\/ kernels: both$/m.test(readFileSync(file, 'utf8'));

/** @returns {Job[]} */
function jobsOf(files) {
  const here = files.filter((file) => !isLab(file)).map((file) => ({ files: [file], lab: false, options: [] }));
  const optionsOf = (file) => labOptions(file).join(' ');
  const special = files.filter((file) => isLab(file) && optionsOf(file) !== '');
  const shared = files.filter((file) => isForBoth(file) || (isLab(file) && labOptions(file).length === 0));
  return [
    ...(shared.length > 0 ? [{ files: shared, lab: true, options: SHARED_VM }] : []),
    ...[...new Set(special.map(optionsOf))].map((options) => ({
      files: special.filter((file) => optionsOf(file) === options),
      lab: true,
      options: options.split(' '),
    })),
    ...here,
  ].filter((job) => onlyKernel === undefined || job.lab === (onlyKernel === 'stock'));
}

/** What the files that share a VM write stays in its memory until the end. */
const SHARED_VM = ['--mem', '3072'];

/** Why a job cannot run on this machine, or undefined. */
function reasonToSkip({ files, lab, options }) {
  const need = lab || process.getuid?.() === 0 ? undefined : files.map(needsRoot).find((what) => what !== undefined);
  if (need !== undefined) return `needs root, for ${need} (sudo npm test)`;
  if (files.some((file) => file.endsWith('.oracle.test.ts')) && !has('libvirtd'))
    return 'libvirtd is not installed (sh scripts/setup.sh oracle)';
  if (!lab) return undefined;
  const probe = spawnSync('sh', ['test/kernel-lab', '--check', ...options], { encoding: 'utf8' });
  return probe.status === 0 ? undefined : `${probe.stderr.trim()} (sh scripts/setup.sh lab)`;
}

/** The command that runs a job; after each file come its status and its report, between marks. */
async function commandFor({ files, lab, options }, folder) {
  const tests = await Promise.all(files.map((file) => bundleTest(file, folder)));
  const report = lab ? '/tmp/report.json' : join(folder, 'report.json');
  // A VM that belongs to one file needs no namespaces: that file may want the machine's own devices.
  const place = lab && options === SHARED_VM ? 'sh scripts/isolated.sh ' : '';
  // A VM has an environment of its own.
  const faults = process.env['VIRTNET_FAULTS'] === 'all' ? ' VIRTNET_FAULTS=all' : '';
  const late =
    files.length === 1 || until === Infinity
      ? ''
      : `if [ "$(date +%s)" -ge ${String(until)} ]; then printf '\\n${resultMark} %s late\\n${endMark}\\n' "\${file##*/}"; continue; fi; `;
  const each = `${late}export NO_COLOR=1${faults}; rm -f ${report}; ${place}sh scripts/lib/bounded.sh ${String(fileLimit(lab))} node "$file" ${report}; printf '\\n${resultMark} %s %s\\n' "\${file##*/}" $?; cat ${report}; printf '\\n${endMark}\\n'`;
  const inner = ['sh', '-c', `exec 2>&1; cd "$0" && for file in "$@"; do ${each}; done`, root, ...tests];
  return lab
    ? ['test/kernel-lab', ...options, '--timeout', String(limitOf({ files, lab })), '--', ...inner]
    : ['scripts/isolated.sh', ...inner];
}

/** Seconds that a file may take: less than its job may, so that what it waits for is told. */
const fileLimit = (lab) => (lab ? seconds * 2 - 60 : seconds - 10);

/** Seconds that a job may take. */
const limitOf = ({ files, lab }) => (lab ? seconds * 2 * files.length : seconds);

/**
 * Runs a job; never rejects: a run that cannot start or ends late is a failure with its reason.
 * @returns {Promise<{ file: string, leftOut?: true, counts: import('./lib/vitest-result.mjs').Counts, log: string }[]>}
 */
async function runJob(job) {
  const folder = mkdtempSync(join(root, BUNDLES, 'host-'));
  const command = await commandFor(job, folder).catch((error) => ['-c', 'echo "$0"; exit 1', String(error)]);
  const limit = limitOf(job) + (job.lab ? 30 : 0);
  return new Promise((resolveRun) => {
    const child = spawn('sh', command, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
      detached: true, // a group of its own, see `end`
    });
    running.add(child);
    let out = '';
    let late = false;
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (out += text));
    const timer = setTimeout(() => {
      late = true;
      end(child);
    }, limit * 1000);
    child.on('error', (error) => (out += String(error)));
    child.on('close', (status) => {
      clearTimeout(timer);
      running.delete(child);
      rmSync(folder, { recursive: true, force: true });
      resolveRun(resultsOf(job, out, status, late ? `still running after ${limit} s: ended` : undefined));
    });
  });
}

/** What a job's output says of each of its files. */
function resultsOf({ files }, out, status, late) {
  let from = 0;
  return files.map((file) => {
    const at = out.indexOf(`${resultMark} ${basename(file).replace(/\.ts$/, '.')}`, from);
    const report = at < 0 ? -1 : out.indexOf('\n', at);
    const end = report < 0 ? -1 : out.indexOf(endMark, report);
    const log = out.slice(from, at < 0 ? undefined : at);
    if (at >= 0 && out.slice(at, report).endsWith(' late')) {
      from = end + endMark.length;
      return { file, leftOut: true };
    }
    const code = at < 0 ? status : Number(out.slice(at, report).split(' ').at(-1));
    const counts = countsOf(end < 0 ? undefined : parseReport(out.slice(report, end)), code);
    if (end < 0 && late !== undefined) counts.failures.unshift({ name: file, message: late });
    if (end >= 0) from = end + endMark.length;
    return { file, counts, log };
  });
}

const running = new Set();
/** Ends a job: its group, a VM of the lab included, and with that its pid namespace. */
function end(child) {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // it has ended, or never began
  }
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    for (const child of running) end(child);
    process.exit(130);
  });
}

mkdirSync(BUNDLES, { recursive: true });
const files = testFiles();
const fault = files.some((file) => !file.endsWith('.lab.test.ts')) ? isolationFault() : undefined;
const totals = { passed: 0, failed: 0, skippedTests: 0, skippedFiles: 0 };
/** @type {Job[]} */
const queue = [];
const nameOf = ({ lab }, file) => (lab && !isLab(file) ? `${file} (stock kernel)` : file);
for (const job of jobsOf(files)) {
  const reason = reasonToSkip(job);
  if (reason === undefined) queue.push(job);
  else {
    totals.skippedFiles += job.files.length;
    for (const file of job.files) console.log(`skipped: ${nameOf(job, file)}: ${reason}`);
  }
}
if (fault !== undefined) {
  console.error(`test-host: ${fault}`);
  totals.failed += 1; // nothing ran: that is no pass
  queue.length = 0;
}

/**
 * Jobs that emulate a machine: each keeps a core busy and has its own clock, so they run one at a time, and first, beside the others. Those
 * that are left when nothing else is run side by side, where there is room for two.
 */
const emulates = ({ files, lab }) => lab || files.some((file) => /\/vm-[^/]*$/.test(file));
/** Where a job stands in the queue. The lab takes longest, and leaves out single files where time is short. */
const rank = (job) => (emulates(job) ? 0 : 4) + (job.files.every(isLast) ? 2 : 0) + Number(job.lab);
queue.sort((a, b) => rank(a) - rank(b));

/** Takes the next job that may run now. */
function next() {
  const at = queue.findIndex((job) => emulating === 0 || !emulates(job));
  if (at < 0 && (emulating > 1 || process.availableMemory() < ROOM_FOR_TWO)) return undefined;
  return queue.splice(Math.max(at, 0), 1)[0];
}

/** Bytes. */
const ROOM_FOR_TWO = 6 * 2 ** 30;
/** How many run now. */
let emulating = 0;
let done = 0;
const count = queue.reduce((sum, job) => sum + job.files.length, 0);
async function worker() {
  for (let job = next(); job !== undefined; job = next()) {
    if (isLate()) {
      for (const file of job.files) leaveOut(job, file);
      continue;
    }
    const began = Date.now();
    const isEmulated = emulates(job);
    if (isEmulated) emulating += 1;
    const results = await runJob(job);
    if (isEmulated) emulating -= 1;
    const took = ((Date.now() - began) / 1000).toFixed(1);
    for (const { file, leftOut, counts, log } of results) {
      if (leftOut) {
        leaveOut(job, file);
        continue;
      }
      done += 1;
      const among = results.length > 1 ? `${took} s for ${results.length} files in one VM` : `${took} s`;
      console.log(`[${done}/${count}] ${nameOf(job, file)}: ${counts.passed} passed, ${counts.failed} failed (${among})`);
      if (counts.failed > 0 || verbose) console.log(log.replace(/^/gm, '    '));
      for (const failure of counts.failures) console.log(`    FAILED ${failure.name}\n${failure.message.replace(/^/gm, '        ')}`);
      if (counts.failed > 0 && secondTry && again.length < MOST_AGAIN) again.push({ job: { ...job, files: [file] }, first: counts });
      else add(counts);
    }
  }
}

function leaveOut(job, file) {
  totals.skippedFiles += 1;
  console.log(`skipped: ${nameOf(job, file)}: no time is left`);
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
/** Seconds after VIRTNET_TEST_UNTIL in which a second try still begins. */
const GRACE = 120;
const again = [];
async function tryAgain() {
  for (const { job, first } of again) {
    if (isLate(GRACE)) {
      console.log(`no second try: ${nameOf(job, job.files[0])}: no time is left`);
      add(first);
      continue;
    }
    for (const { file, counts, log } of await runJob(job)) {
      console.log(`second try: ${nameOf(job, file)}: ${counts.passed} passed, ${counts.failed} failed (it failed at the first)`);
      if (counts.failed > 0) console.log(log.replace(/^/gm, '    '));
      add(counts);
    }
  }
}
if (count > 0) console.log(`host tests: ${count} files, ${Math.min(jobs, count)} at a time`);
await Promise.all(Array.from({ length: jobs }, worker));
await tryAgain();
const skipped = totals.skippedFiles > 0 ? `, ${totals.skippedFiles} files skipped` : '';
console.log(`host tests: ${totals.passed} passed, ${totals.failed} failed, ${totals.skippedTests} tests skipped${skipped}`);
record(countsPath, 'host', totals.passed, totals.failed);
process.exitCode = totals.failed > 0 ? 1 : 0;
