import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as network from '../../src/network/index.ts';

const root = new URL('../../', import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { exports: Record<string, { default: string }> };

it.each(Object.entries(exports))('%s of the package is made from a source that is there', (_, { default: file }) => {
  expect(existsSync(new URL(file.replace('./dist/lib/', 'src/').replace(/\.js$/, '.ts'), root))).toBe(true);
});

it('the network room offers reading, writing, building and the JSON view', () => {
  expect(network).toMatchObject({
    readNetwork: expect.any(Function) as unknown,
    writeNetwork: expect.any(Function) as unknown,
    buildNetwork: expect.any(Function) as unknown,
    viewNetwork: expect.any(Function) as unknown,
    readNetworkView: expect.any(Function) as unknown,
  });
});
