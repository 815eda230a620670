/**
 * Builds dist/: dist/virtnet.cjs and dist/virtnetd.cjs with their programs, and the library with its types in dist/lib.
 *   node scripts/build.mjs              both
 *   node scripts/build.mjs --bundles    the bundles alone (what `npm start` needs)
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** What both programs' bundles have in common. */
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  sourcemap: true,
  sourcesContent: false,
  logLevel: 'warning',
};
const versionOf = { 'process.env.VIRTNET_VERSION': JSON.stringify(version) };

/** Made in a folder beside dist/, then renamed into it: at no moment does a program that somebody starts miss. */
async function bundles() {
  const made = mkdtempSync(join(root, '.dist-'));
  try {
    writeFileSync(join(made, '.bundled'), ''); // older than what is written from here on
    await Promise.all([program('virtnet', 'src/cli/main.ts', made), program('virtnetd', 'src/daemon/main.ts', made)]);
    mkdirSync(dist, { recursive: true });
    const names = readdirSync(made);
    for (const name of names) renameSync(join(made, name), join(dist, name));
    const old = readdirSync(dist).filter((name) => name !== 'lib' && !names.includes(name));
    for (const name of old) rmSync(join(dist, name), { recursive: true, force: true });
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** A program: one file of CommonJS whose parts are set up when they are asked for, and V8's code of it. */
async function program(name, entry, outdir) {
  await build({
    ...common,
    entryPoints: { [`${name}-program`]: entry },
    outdir,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    supported: { 'dynamic-import': false },
    define: { ...versionOf, 'import.meta.dirname': '__dirname' },
  });
  copyFileSync(join(root, 'scripts/lib/start.cjs'), join(outdir, `${name}.cjs`));
  codeCache(name, outdir);
}

/** V8 keeps what has run: see scripts/lib/code-cache.cjs for what that is. */
function codeCache(name, outdir) {
  const folder = mkdtempSync(join(tmpdir(), 'virtnet-build-'));
  try {
    const text = readFileSync(join(root, 'examples/default.xml'), 'utf8');
    mkdirSync(join(folder, 'etc/networks'), { recursive: true });
    writeFileSync(join(folder, 'etc/networks/default.xml'), text.replace('</name>', `</name><uuid>${randomUUID()}</uuid>`));
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'scripts/lib/code-cache.cjs'), outdir, name, folder], {
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(`${name} does not run: ${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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
