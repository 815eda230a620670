/**
 * Runs scripts of virsh commands one after another against the daemon that LIBVIRT_DEFAULT_URI names, and writes what came of them:
 *   node virsh-runner.mjs SCRIPTS.json RESULTS.json
 * SCRIPTS: [{ name, files: { NAME: TEXT }, steps: [{ argv, env?, during? }] }]; a `@NAME` argument becomes the path of that file. A step
 * with `during` runs while its commands run beside it (`net-event`). After each script all networks are removed.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [scriptsPath, resultsPath] = process.argv.slice(2);
const scripts = JSON.parse(readFileSync(scriptsPath, 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'virsh-'));

const run = (file, argv, env) =>
  new Promise((resolve) => {
    execFile(file, argv, { env: { ...process.env, LC_ALL: 'C', ...env }, timeout: 60_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : (error.code ?? String(error.signal));
      const clean = (text) => text.replaceAll(folder, '');
      resolve({ code, stdout: clean(stdout), stderr: clean(stderr) });
    });
  });

async function runStep({ argv, env, during, program }) {
  const full = argv.map((word) => (word.startsWith('@') ? join(folder, word.slice(1)) : word));
  const main = run(program ?? 'virsh', full, env);
  if (during === undefined) return [{ argv, ...(await main) }];
  await new Promise((resolve) => setTimeout(resolve, 300));
  const beside = [];
  for (const step of during) beside.push(...(await runStep(step)));
  return [...beside, { argv, ...(await main) }];
}

const results = [];
for (const { name, files, steps } of scripts) {
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
  const outcomes = [];
  for (const step of steps) outcomes.push(...(await runStep(step)));
  results.push({ name, outcomes });
  const { stdout } = await run('virsh', ['net-list', '--all', '--uuid'], {});
  const uuids = stdout.split('\n').filter((line) => line !== '');
  // One process for all: what it says is not compared.
  if (uuids.length > 0) await run('virsh', [uuids.map((uuid) => `net-destroy ${uuid}; net-undefine ${uuid}`).join('; ')], {});
}
writeFileSync(resultsPath, JSON.stringify(results));
rmSync(folder, { recursive: true });
