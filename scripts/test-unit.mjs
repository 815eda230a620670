/**
 * The unit tests, with their counts.   node scripts/test-unit.mjs [--counts FILE] [VITEST-ARG...]
 * With VIRTNET_TEST_SECOND_TRY=1 (as CI has it) files that failed run once more, alone, and their second result counts, as scripts/test-host.mjs has it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { countsOf, record, reportOf, takeOption } from './lib/vitest-result.mjs';

const MOST_AGAIN = 4;
const args = process.argv.slice(2);
const countsPath = takeOption(args, 'counts');
mkdirSync('.cache', { recursive: true });

function run(...more) {
  const output = '.cache/unit.json';
  rmSync(output, { force: true });
  const vitest = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.config.ts'];
  const reporters = ['--reporter=dot', '--reporter=json', `--outputFile=${output}`];
  const { status } = spawnSync(process.execPath, [...vitest, ...reporters, ...more], { stdio: ['ignore', 'inherit', 'inherit'] });
  return { status, report: reportOf(output) };
}

/** The result in which files that failed at first count as they ended the second time. */
function secondTry(first) {
  const failed = first.report?.testResults.filter((file) => file.status === 'failed').map((file) => file.name) ?? [];
  if (process.env['VIRTNET_TEST_SECOND_TRY'] !== '1' || failed.length === 0 || failed.length > MOST_AGAIN) return first;
  const second = run(...failed);
  for (const file of failed) console.log(`second try: ${relative('.', file)} (it failed at the first)`);
  const others = first.report.testResults.filter((file) => !failed.includes(file.name));
  return { status: second.status, report: second.report && { testResults: [...others, ...second.report.testResults] } };
}

const { status, report } = secondTry(run(...args));
const counts = countsOf(report, status);
for (const name of counts.skipped) console.log(`skipped: ${name}`);
console.log(`unit tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`);
record(countsPath, 'unit', counts.passed, counts.failed);
process.exitCode = counts.failed > 0 ? 1 : 0;
