/**
 * The unit tests, with their counts.   node scripts/test-unit.mjs [--counts FILE] [VITEST-ARG...]
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { countsOfFile, record, takeOption } from './lib/vitest-result.mjs';

const args = process.argv.slice(2);
const countsPath = takeOption(args, 'counts');
const output = '.cache/unit.json';
mkdirSync('.cache', { recursive: true });
rmSync(output, { force: true });
const vitest = [
  'node_modules/vitest/vitest.mjs',
  'run',
  '--config',
  'vitest.config.ts',
  '--reporter=dot',
  '--reporter=json',
  `--outputFile=${output}`,
];
const { status } = spawnSync(process.execPath, [...vitest, ...args], { stdio: ['ignore', 'inherit', 'inherit'] });
const counts = countsOfFile(output, status);
for (const name of counts.skipped) console.log(`skipped: ${name}`);
console.log(`unit tests: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`);
record(countsPath, 'unit', counts.passed, counts.failed);
process.exitCode = counts.failed > 0 ? 1 : 0;
