import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

/** Bytes: what a page may pay for reading, checking, explaining and writing networks. */
const LIMIT = 60_000;

it('the library fits a page: base to interface bundle for a browser, under 60 kB gzipped', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: ['base', 'inet', 'xml', 'network', 'interface']
        .map((room) => `export * as ${room} from './src/${room}/index.ts';`)
        .join('\n'),
      resolveDir: join(import.meta.dirname, '../..'),
      loader: 'ts',
    },
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    target: 'es2022',
    write: false,
    logLevel: 'silent',
  });
  const size = gzipSync(outputFiles[0]?.contents ?? '').byteLength;
  expect(size).toBeGreaterThan(10_000);
  expect(size).toBeLessThan(LIMIT);
});
