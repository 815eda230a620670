import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareUpdate, updateCases } from '../../test/conformance/updates.ts';
import { parseNetwork } from './read.ts';
import { updateNetwork, type LibvirtSection } from './update.ts';
import { writeNetwork } from './write-network.ts';

const cases = updateCases(join(import.meta.dirname, '../../../shared/corpus/visible'));

describe.skipIf(cases.length === 0)('net-update cases of libvirt (skipped where the corpus is absent)', () => {
  it.each(cases.map((c) => [c.name, c] as const))('%s', (_name, c) => {
    expect(compareUpdate(c)).toEqual({ result: 'agrees' });
  });
});

const NETWORK = parseNetwork(`<network><name>n</name><uuid>11111111-2222-3333-4444-555555555501</uuid><forward mode='nat'/>
  <bridge name='virbr5'/><mac address='52:54:00:00:05:01'/>
  <dns><txt name='t1' value='v1'/><srv service='s1' protocol='tcp'/><host ip='10.0.0.50'><hostname>h1</hostname></host></dns>
  <ip address='10.0.0.1' prefix='24'><dhcp><range start='10.0.0.100' end='10.0.0.120'/>
  <host mac='52:54:00:00:00:01' name='one' ip='10.0.0.11'/><host name='anonymous' ip='10.0.0.12'/></dhcp></ip>
  <ip family='ipv6' address='2001:db8::1' prefix='64'/><portgroup name='pg1' default='yes'/></network>`);

const last = fc.integer({ min: 1, max: 254 });
const word = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const hex = fc.stringMatching(/^[0-9a-f]{2}$/);
const entry: fc.Arbitrary<{ section: LibvirtSection; fragment: string; parentIndex: number }> = fc.oneof(
  fc.record({
    section: fc.constant('ip-dhcp-host' as const),
    fragment: fc.tuple(hex, word, last).map(([m, n, i]) => `<host mac='52:54:00:aa:bb:${m}' name='${n}' ip='10.0.0.${String(i)}'/>`),
    parentIndex: fc.constantFrom(-1, 0),
  }),
  fc.record({
    section: fc.constant('ip-dhcp-host' as const),
    fragment: fc.tuple(word, hex).map(([n, h]) => `<host name='${n}' ip='2001:db8::${h}1'/>`),
    parentIndex: fc.constant(1),
  }),
  fc.record({
    section: fc.constant('ip-dhcp-range' as const),
    fragment: fc.integer({ min: 2, max: 200 }).map((i) => `<range start='10.0.0.${String(i)}' end='10.0.0.${String(i + 3)}'/>`),
    parentIndex: fc.constantFrom(-1, 0),
  }),
  fc.record({
    section: fc.constant('dns-txt' as const),
    fragment: word.map((n) => `<txt name='${n}' value='v'/>`),
    parentIndex: fc.constant(-1),
  }),
  fc.record({
    section: fc.constant('dns-srv' as const),
    fragment: fc.tuple(word, word).map(([s, t]) => `<srv service='${s}' protocol='udp' target='${t}' port='1'/>`),
    parentIndex: fc.constant(-1),
  }),
  fc.record({
    section: fc.constant('dns-host' as const),
    fragment: fc.tuple(last, word).map(([i, n]) => `<host ip='10.9.0.${String(i)}'><hostname>x${n}</hostname></host>`),
    parentIndex: fc.constant(-1),
  }),
  fc.record({
    section: fc.constant('portgroup' as const),
    fragment: word.map((n) => `<portgroup name='${n}'/>`),
    parentIndex: fc.constant(-1),
  }),
  fc.record({
    section: fc.constant('forward-interface' as const),
    fragment: word.map((n) => `<interface dev='${n}'/>`),
    parentIndex: fc.constant(-1),
  }),
);

describe('updateNetwork', () => {
  it('is undone by its inverse: what was added and is deleted leaves the network as it was', () => {
    fc.assert(
      fc.property(entry, fc.constantFrom('add-first' as const, 'add-last' as const), (change, command) => {
        const added = updateNetwork(NETWORK, { ...change, command });
        if (!added.ok) return;
        expect(added.value).not.toEqual(NETWORK);
        const deleted = updateNetwork(added.value, { ...change, command: 'delete' });
        expect(deleted.ok && deleted.value).toEqual(NETWORK);
      }),
    );
  });
  it('leaves a network that reads back as it was written', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 6 }), (changes) => {
        let network = NETWORK;
        for (const change of changes) {
          const result = updateNetwork(network, { ...change, command: 'add-last' });
          if (result.ok) network = result.value;
        }
        expect(parseNetwork(writeNetwork(network))).toEqual(network);
      }),
    );
  });
  it('does not touch the network that it is given', () => {
    const before = JSON.stringify(NETWORK);
    updateNetwork(NETWORK, { section: 'portgroup', command: 'delete', fragment: "<portgroup name='pg1'/>" });
    expect(JSON.stringify(NETWORK)).toBe(before);
  });
  it('points at the place in the fragment that is wrong', () => {
    const { diagnostics } = updateNetwork(NETWORK, { section: 'dns-txt', command: 'add-last', fragment: "<txt\n name='a b' value='c'/>" });
    expect(diagnostics).toMatchObject([{ severity: 'error', position: { line: 2 }, path: '/txt/@name' }]);
  });
});
