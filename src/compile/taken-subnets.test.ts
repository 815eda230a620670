import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSubnet, network, overlaps, sameNetwork, type Subnet } from '../inet/index.ts';
import { TakenSubnets, type Taken } from './taken-subnets.ts';

/** Subnets of few bits, so that many are equal and many overlap. */
const subnet: fc.Arbitrary<Subnet> = fc
  .record({ value: fc.nat(255), prefix: fc.integer({ min: 1, max: 32 }), v6: fc.boolean() })
  .map(({ value, prefix, v6 }) =>
    v6 ? { family: 'ipv6', value: BigInt(value) << 92n, prefix: prefix * 4 } : { family: 'ipv4', value: BigInt(value) << 20n, prefix },
  );
const taken = subnet.map((s): Taken => ({ subnet: network(s), dev: formatSubnet(network(s)), whose: '' }));
const names = (list: readonly Taken[]) => list.map(({ dev }) => dev).toSorted();

describe('TakenSubnets', () => {
  it('finds what comparing with every subnet finds', () => {
    fc.assert(
      fc.property(fc.array(taken, { maxLength: 30 }), subnet, (all, asked) => {
        const index = new TakenSubnets(all);
        expect(names(index.equal(asked))).toEqual(names(all.filter((t) => sameNetwork(t.subnet, asked))));
        const others = all.filter((t) => overlaps(t.subnet, asked) && !sameNetwork(t.subnet, asked));
        expect(names(index.overlapping(asked))).toEqual(names(others));
      }),
      { numRuns: 500 },
    );
  });
});
