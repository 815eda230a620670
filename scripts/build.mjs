/**
 * Builds dist/: the bundles dist/virtnet.mjs and dist/virtnetd.mjs, and the library with its types in dist/lib.
 *   node scripts/build.mjs              both
 *   node scripts/build.mjs --bundles    the bundles alone (what `npm start` needs)
 */
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** Output name -> entry. */
const entries = { virtnet: 'src/cli/main.ts', virtnetd: 'src/daemon/main.ts' };

async function bundles() {
  const present = Object.entries(entries).filter(([, entry]) => existsSync(join(root, entry)));
  for (const [name, entry] of Object.entries(entries)) {
    if (!existsSync(join(root, entry))) console.error(`build: no ${name} yet (${entry} does not exist)`);
  }
  for (const old of ['chunks', ...Object.keys(entries).map((name) => `${name}.mjs`)])
    rmSync(join(root, 'dist', old), { recursive: true, force: true });
  mkdirSync(join(root, 'dist'), { recursive: true });
  if (present.length > 0) {
    await build({
      absWorkingDir: root,
      entryPoints: Object.fromEntries(present),
      outdir: 'dist',
      bundle: true,
      // Code behind `await import()` goes to chunks that a verb loads only when it runs: `virtnet list` reads few of them.
      splitting: true,
      format: 'esm',
      platform: 'node',
      target: 'node20.19',
      outExtension: { '.js': '.mjs' },
      chunkNames: 'chunks/[name]-[hash]',
      minifySyntax: true,
      minifyWhitespace: true,
      legalComments: 'linked',
      sourcemap: true,
      sourcesContent: false,
      define: { 'process.env.VIRTNET_VERSION': JSON.stringify(version) },
      // commander is CommonJS and asks for Node's own modules through require().
      banner: { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" },
      logLevel: 'warning',
    });
  }
  writeFileSync(join(root, 'dist', '.bundled'), '');
}

function library() {
  rmSync(join(root, 'dist', 'lib'), { recursive: true, force: true });
  const { status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.lib.json'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(1);
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const missing = Object.values(exports)
    .flatMap((target) => Object.values(target))
    .filter((file) => !existsSync(join(root, file)));
  if (missing.length > 0) console.error(`build: package.json exports what is not there yet: ${[...new Set(missing)].join(', ')}`);
}

await bundles();
if (!process.argv.includes('--bundles')) library();
