import { existsSync } from 'node:fs';
import { runConformance } from './main.ts';

/** `npm run conformance -- FOLDER [--verbose]`: agreement with libvirt's own answers; exit code 1 when something differs undeclared. */
const folder = process.argv.slice(2).find((a) => !a.startsWith('-')) ?? '../shared/corpus/visible';
const verbose = process.argv.includes('--verbose');
if (!existsSync(folder)) {
  process.stderr.write(`no corpus at ${folder}\n`);
  process.exit(2);
}
let failed = 0;
for (const { section, outcomes } of runConformance(folder)) {
  if (outcomes.length === 0) continue;
  const count = (result: string): number => outcomes.filter((o) => o.result === result).length;
  const asked = outcomes.length - count('deviation');
  const share = asked === 0 ? 100 : (100 * count('agrees')) / asked;
  process.stdout.write(
    `${section.title.padEnd(28)} ${String(count('agrees')).padStart(5)} of ${String(asked).padStart(5)} agree (${share.toFixed(1)} %), ${String(count('deviation'))} declared deviations\n`,
  );
  for (const o of outcomes) {
    if (o.result === 'differs' || (verbose && o.result === 'deviation'))
      process.stdout.write(`  ${o.result}: ${o.name}: ${o.detail ?? ''}\n`);
  }
  failed += count('differs');
}
process.exitCode = failed > 0 ? 1 : 0;
