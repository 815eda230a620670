import { parseArgs } from 'node:util';
import { fuzzFormat } from './format.ts';

const { values } = parseArgs({ options: { count: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } } });
const count = Number(values.count);
const started = performance.now();
const report = fuzzFormat(Number(values.seed), count, (done) => {
  process.stderr.write(`\r${String(done)} of ${String(count)}`);
});
process.stderr.write('\n');
for (const { seed, kind, what, input } of report.failures) {
  process.stdout.write(`FAILED seed ${String(seed)} (${kind}): ${what}\n${JSON.stringify(input.slice(0, 2000))}\n`);
}
const seconds = (performance.now() - started) / 1000;
process.stdout.write(
  `${String(report.inputs)} inputs in ${seconds.toFixed(0)} s: ${String(report.accepted)} accepted, ${String(report.refused)} refused, ` +
    `${String(report.failures.length)} failures, the slowest ${report.slowest.toFixed(1)} ms\n`,
);
process.exitCode = report.failures.length === 0 ? 0 : 1;
