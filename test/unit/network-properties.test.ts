import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Network } from '../../src/network/network.ts';
import { readNetwork } from '../../src/network/read.ts';
import { readNetworkView, viewNetwork } from '../../src/network/view.ts';
import { writeNetwork } from '../../src/network/write-network.ts';
import { networkTree } from '../oracle/generate/network.ts';
import { random } from '../oracle/generate/random.ts';
import { writeTree } from '../oracle/generate/tree.ts';

const RUNS = { numRuns: 300 };

/** A document of the grammar in one of many layouts, by its seed. */
const documentOf = (seed: number): string => {
  const rng = random(seed);
  return writeTree(networkTree(rng), rng);
};

/** The network that the document describes; undefined when it is refused. */
const networkOf = (text: string): Network | undefined => readNetwork(text).network;

/** Networks as their own written form gives them: what libvirt does not write is gone. */
const settled = fc
  .integer({ min: 0, max: 2 ** 32 - 1 })
  .map((seed) => networkOf(documentOf(seed)))
  .filter((network) => network !== undefined)
  .map((network) => networkOf(writeNetwork(network)))
  .filter((network) => network !== undefined);

describe('a network', () => {
  it('reads back as it was written', () => {
    fc.assert(
      fc.property(settled, (network) => {
        expect(networkOf(writeNetwork(network))).toStrictEqual(network);
      }),
      RUNS,
    );
  });

  it('is written as it was read, once it has been written', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), (seed) => {
        const first = networkOf(documentOf(seed));
        fc.pre(first !== undefined);
        const text = writeNetwork(first);
        const second = networkOf(text);
        expect(second).toBeDefined();
        if (second) expect(writeNetwork(second)).toBe(text);
      }),
      RUNS,
    );
  });

  it('comes back from its JSON view, and through JSON text, as it went', () => {
    fc.assert(
      fc.property(settled, (network) => {
        const view = viewNetwork(network);
        expect(readNetworkView(view)).toStrictEqual({ ok: true, value: network, diagnostics: [] });
        expect(readNetworkView(JSON.parse(JSON.stringify(view)) as unknown)).toMatchObject({ ok: true, value: network });
      }),
      RUNS,
    );
  });
});
