/** One file out of a test and all that it imports: a hundred imports take seconds here, and minutes under emulation. */
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { build } from 'esbuild';

/**
 * Writes the bundle of `file`, and in `folder` a test file that imports it; gives the latter's path. The bundle lies below node_modules, where
 * vitest takes a module as it is. Packages stay imports; `import.meta.dirname` stays what it was.
 * @param {string} file
 * @param {string} folder
 * @param {boolean} lines with a source map, so that a failure names lines of the sources
 */
export async function bundleTest(file, folder, lines) {
  const name = basename(file).replace(/\.ts$/, '.mjs');
  const outfile = join(process.cwd(), 'node_modules/.cache/virtnet-tests', lines ? 'here' : 'lab', name);
  await build({
    entryPoints: [file],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: lines ? 'inline' : false,
    sourcesContent: false,
    logLevel: 'error',
    plugins: [{ name: 'dirname', setup: keepDirname }],
  });
  const stub = join(folder, name);
  await writeFile(stub, `import ${JSON.stringify(outfile)};\n`);
  return stub;
}

/** @param {import('esbuild').PluginBuild} bundle */
function keepDirname(bundle) {
  bundle.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
    const contents = await readFile(path, 'utf8');
    // Not where it is quoted: a name for esbuild to replace.
    return { contents: contents.replace(/(?<!['"])\bimport\.meta\.dirname\b/g, JSON.stringify(dirname(path))), loader: 'ts' };
  });
}
