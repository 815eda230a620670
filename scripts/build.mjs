/**
 * Builds dist/: dist/virtnet.cjs with its program, dist/virtnetd.mjs, and the library with its types in dist/lib.
 *   node scripts/build.mjs              both
 *   node scripts/build.mjs --bundles    the bundles alone (what `npm start` needs)
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

async function bundles() {
  mkdirSync(dist, { recursive: true });
  for (const old of readdirSync(dist).filter((name) => name !== 'lib')) rmSync(join(dist, old), { recursive: true, force: true });
  await Promise.all([command(), daemon()]);
  writeFileSync(join(dist, '.bundled'), '');
}

/** The command: one file of CommonJS whose parts are set up when a verb asks for them, and V8's code of it. */
async function command() {
  await build({
    ...common,
    entryPoints: { 'virtnet-program': 'src/cli/main.ts' },
    outdir: 'dist',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    supported: { 'dynamic-import': false },
    define: { ...versionOf, 'import.meta.dirname': '__dirname' },
  });
  copyFileSync(join(root, 'src/cli/start.cjs'), join(dist, 'virtnet.cjs'));
  codeCache();
}

/**
 * V8 keeps what has run. A look at a running network with a guest has read its files, asked the tools about this host (nothing is changed
 * there), compiled, compared and printed a table; where the tools may not be asked a list has read a document and printed one.
 */
function codeCache() {
  const folder = mkdtempSync(join(tmpdir(), 'virtnet-build-'));
  try {
    const [etc, run, lib] = ['etc', 'run', 'lib'].map((name) => join(folder, name));
    const text = readFileSync(join(root, 'examples/default.xml'), 'utf8');
    const [network, guest, port] = [randomUUID(), randomUUID(), randomUUID()];
    const document = text.replace('</name>', `</name><uuid>${network}</uuid>`);
    const plugged = { uuid: port, owner: { name: 'guest', uuid: guest }, mac: '52:54:00:00:00:01' };
    const attachment = { type: 'tap', dev: 'vnet0', vnetHeader: true, multiQueue: false };
    for (const [path, content] of [
      [join(etc, 'networks/default.xml'), document],
      [join(run, 'networks', `${network}.xml`), document],
      [join(run, 'ports', `${network}.${port}.json`), JSON.stringify({ version: 1, network, port: plugged, attachment })],
      [join(run, 'boot'), readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')],
    ]) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
    }
    const env = { ...process.env, VIRTNET_CONFIG_DIR: etc, VIRTNET_RUN_DIR: run, VIRTNET_STATE_DIR: lib };
    /** @type {(...words: string[]) => import('node:child_process').SpawnSyncReturns<string>} */
    const keep = (...words) =>
      spawnSync(process.execPath, [join(root, 'scripts/lib/code-cache.cjs'), dist, ...words], { env, encoding: 'utf8' });
    const shown = keep('show', 'default');
    const { status, stdout, stderr } = shown.status === 0 ? shown : keep('list');
    if (status !== 0 || !stdout.includes('default')) throw new Error(`virtnet list does not run: ${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function daemon() {
  await build({
    ...common,
    entryPoints: { virtnetd: 'src/daemon/main.ts' },
    outdir: 'dist',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    define: versionOf,
    // CommonJS packages ask for Node's own modules through require().
    banner: { js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);" },
  });
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
