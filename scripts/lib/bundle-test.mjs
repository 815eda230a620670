/** One file out of a test, all that it imports and what runs it: a hundred imports take seconds here, and minutes under emulation. */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

/** Relative to the root. */
export const BUNDLES = 'node_modules/.cache/virtnet-tests';

/**
 * Writes the bundle of `file`, a program that runs its tests (host-runner.mjs) and has its source map beside it; gives its path. vitest and its
 * parts are in it. Other packages stay imports, so it lies below node_modules. `import.meta.dirname` stays what it was.
 * @param {string} file relative to the root, which is the working directory
 * @param {string} folder of the bundle, below BUNDLES
 */
export async function bundleTest(file, folder) {
  const outfile = join(folder, basename(file).replace(/\.ts$/, '.mjs'));
  const { dependencies, devDependencies } = JSON.parse(await readFile('package.json', 'utf8'));
  const [runner, test] = ['./scripts/lib/host-runner.mjs', `./${file}`].map((path) => JSON.stringify(path));
  await build({
    stdin: {
      contents: `import { run } from ${runner};\nawait run(${JSON.stringify(file)}, () => import(${test}));`,
      resolveDir: process.cwd(),
    },
    outfile,
    bundle: true,
    external: Object.keys({ ...dependencies, ...devDependencies }).filter((name) => name !== 'vitest'),
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: 'external',
    sourcesContent: false,
    logLevel: 'error',
    plugins: [{ name: 'dirname', setup: keepDirname }],
  });
  return outfile;
}

/** @param {import('esbuild').PluginBuild} bundle */
function keepDirname(bundle) {
  bundle.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
    const contents = await readFile(path, 'utf8');
    // Not where it is quoted: a name for esbuild to replace.
    return { contents: contents.replace(/(?<!['"])\bimport\.meta\.dirname\b/g, JSON.stringify(dirname(path))), loader: 'ts' };
  });
}
