import { expect, it } from 'vitest';
import { schemaFindings } from './schema-findings.ts';

const found = (xml: string) => schemaFindings(xml).map(({ code, message, position }) => [code, message, position?.line]);
const network = (inner: string): string => `<network>\n<name>n</name>\n${inner}</network>`;

it('says what the schema refuses, and where', () => {
  expect(found(network("<bridge nmae='x' stp='maybe'/>\n<mtu/>\n<x/>\ntext<mtu size='1'/>"))).toEqual([
    ['VNM005', 'text in <network>', 5],
    ['VNM004', '<mtu> stands twice in <network>', 6],
    ['VNM003', "<bridge> has no attribute 'nmae'", 3],
    ['VNM013', "'maybe' is no value of bridge's stp", 3],
    ['VNM010', '<mtu> has no size', 4],
    ['VNM002', '<x> is not known in <network>', 5],
  ]);
  expect(found('<network/>')).toEqual([['VNM010', '<network> has no <name>', 1]]);
  expect(found("<n:network xmlns:n='urn:n'/>")).toEqual([['VNM001', '<n:network> has a namespace', 1]]);
  expect(found('<networkport><mac/></networkport>').map(([, message]) => message)).toEqual([
    '<networkport> has no <uuid>',
    '<networkport> has no <owner>',
    '<mac> has no address',
  ]);
});

it('finds nothing in another document, or in none', () => {
  for (const xml of [
    '',
    '<network',
    '<domain/>',
    network("<metadata><a xmlns='urn:a' b='1'>c<d/></a></metadata><uuid>" + '0'.repeat(32) + '</uuid>'),
  ]) {
    expect(schemaFindings(xml)).toEqual([]);
  }
});
