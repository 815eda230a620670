/**
 * Runs a TypeScript program of this tree: node scripts/run-ts.mjs FILE.ts [ARGUMENTS...]
 * The program and what it imports from src become one file under node_modules/.cache; packages stay where they are.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const [file, ...rest] = process.argv.slice(2);
if (file === undefined) {
  console.error('usage: node scripts/run-ts.mjs FILE.ts [ARGUMENTS...]');
  process.exit(2);
}
const entry = resolve(file);
const folder = join(root, 'node_modules', '.cache', 'virtnet-run');
mkdirSync(folder, { recursive: true });
const outfile = join(folder, `${relative(root, entry).replace(/[^a-z0-9]+/gi, '-')}-${String(process.pid)}.mjs`);
await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  packages: 'external',
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: 'inline',
  logLevel: 'error',
});
process.argv = [process.argv[0], basename(entry), ...rest];
process.setSourceMapsEnabled(true);
try {
  await import(pathToFileURL(outfile).href);
} finally {
  rmSync(outfile, { force: true });
}
