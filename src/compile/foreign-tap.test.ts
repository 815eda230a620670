import { describe, expect, it } from 'vitest';
import { UUID } from '../../test/support/network.ts';
import { portRecord } from '../../test/support/ports.ts';
import type { LinkFact } from './facts.ts';
import { foreignTaps } from './foreign-tap.ts';

const guest = portRecord(5, 'vm', { type: 'none' }, { plug: { type: 'network', bridge: 'virbr0' } });
const bridge: LinkFact = { name: 'virbr0', type: 'bridge', alias: `virtnet:${UUID}` };
const tap = (name: string, rest: Partial<LinkFact> = {}): LinkFact => ({ name, type: 'tun', mac: 'fe:54:00:00:00:05', ...rest });
const find = (...links: readonly LinkFact[]): readonly string[] => [
  ...foreignTaps(UUID, [guest], new Map([bridge, ...links].map((link) => [link.name, link]))).values(),
];

describe('the tap that somebody else made for a guest', () => {
  it('is on the bridge of the network or loose, and has the MAC of the guest but for the first byte', () => {
    expect(find(tap('vnet3', { master: 'virbr0' }))).toEqual(['vnet3']);
    expect(find(tap('vnet3'))).toEqual(['vnet3']);
    expect(find(tap('vnet3'), tap('vnet4', { master: 'virbr0' }))).toEqual(['vnet4']);
  });

  it('is not on another bridge, not one of two that it could be, no other kind of link, and none of ours', () => {
    expect(find(tap('vnet3', { master: 'br7' }), { name: 'br7', type: 'bridge' })).toEqual([]);
    expect(find(tap('vnet3'), tap('vnet4'))).toEqual([]);
    expect(find(tap('vnet3', { type: 'veth' }))).toEqual([]);
    expect(find(tap('vnet3', { alias: `virtnet:${UUID}:${guest.port.uuid}` }))).toEqual([]);
    expect(find(tap('vnet3', { mac: '52:54:00:00:00:05' }))).toEqual([]);
  });

  it('is nobody’s business on a bridge of the host or where virtnet makes the tap', () => {
    const links = new Map([['vnet3', tap('vnet3')]]);
    const hosted = portRecord(5, 'vm', { type: 'none' }, { plug: { type: 'bridge', bridge: 'br0' } });
    const own = portRecord(
      5,
      'vm',
      { type: 'tap', dev: 'vnet3', vnetHeader: true, multiQueue: false },
      { plug: { type: 'network', bridge: 'virbr0' } },
    );
    expect([...foreignTaps(UUID, [hosted, own], links)]).toEqual([]);
  });
});
