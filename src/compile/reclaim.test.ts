import { describe, expect, it } from 'vitest';
import { facts, network } from '../../test/support/network.ts';
import type { NetworkPort } from '../interface/port.ts';
import type { Plug } from '../interface/plug.ts';
import { checkReclaim } from './reclaim.ts';

const port = (n: number, plug: Plug): NetworkPort & { readonly plug: Plug } => ({
  uuid: `0b0b0b0b-3333-4222-8333-00000000000${String(n)}`,
  owner: { name: `guest${String(n)}`, uuid: '0b0b0b0b-4444-4222-8333-000000000001' },
  mac: `52:54:00:0b:02:0${String(n)}`,
  plug,
});
const eth0: Plug = { type: 'direct', dev: 'eth0', mode: 'passthrough' };
const pool = network('passthrough', {}, { interfaces: [{ dev: 'eth0' }] });
const refusal = (...[net, wanted, held]: [typeof pool, Plug, Plug?]): string | undefined =>
  checkReclaim({
    network: net,
    ports: held === undefined ? [] : [{ port: port(2, held), attachment: { type: 'none' } }],
    port: port(1, wanted),
    facts: facts(),
  }).diagnostics[0]?.libvirt?.message;

/** The messages are those of libvirt 11.3. */
describe('checkReclaim', () => {
  it('gives back a listed device that nobody holds, and a place on a bridge whatever its name', () => {
    expect(refusal(pool, eth0)).toBeUndefined();
    expect(
      refusal(network('none', { bridge: { name: 'virbr0', stp: true, delay: 0 } }), { type: 'bridge', bridge: 'br9' }),
    ).toBeUndefined();
  });

  it('refuses a device that is not listed, one that another guest has to itself, and a bridge where there is none', () => {
    expect(refusal(pool, { ...eth0, dev: 'eth9' })).toBe(
      `internal error: network '${pool.name}' doesn't have dev='eth9' in use by network port`,
    );
    expect(refusal(pool, eth0, eth0)).toContain("claims dev='eth0' is already in use by a different port");
    expect(refusal(pool, { type: 'network', bridge: 'virbr0' })).toBe(
      'internal error: Unexpectedly got a network port without a network bridge',
    );
  });

  it('refuses a PCI device that is not listed, by its address', () => {
    const address = { domain: 0, bus: 9, slot: 1, function: 1 };
    expect(refusal(pool, { type: 'hostdev-pci', managed: false, address })).toBe(
      `internal error: network '${pool.name}' doesn't have PCI device 0000:09:01.1 in use by network port`,
    );
  });
});
