import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { facts, network, UUID } from '../../test/support/network.ts';
import type { Network } from '../network/network.ts';
import type { ForwardMode } from '../network/forward.ts';
import { compileNetwork, compileShared } from './compile.ts';
import { resourceKey, type Resource } from './host-state.ts';
import type { PortRecord } from './port.ts';

/** Text as a hostile document may hold it: words that mean something to dnsmasq, nft and shells, blanks, controls, long runs. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.string({ maxLength: 12 }),
  fc.constantFrom(
    '',
    ' ',
    '\n',
    'a\nport=5353',
    'x"y',
    '\\',
    '$(reboot)',
    ';',
    "'",
    '# c',
    'a,b',
    '../..',
    '%d',
    '*',
    'é',
    '\u0000',
    '\ud800',
    'ignore',
    '1h',
  ),
  fc.integer({ min: 900, max: 1100 }).map((n) => 'x'.repeat(n)),
);
/** Mostly good words, so that many documents can be carried out; the others hostile. */
const nasty = fc.oneof(
  { weight: 12, arbitrary: fc.constantFrom('guest', 'a.b', 'web1', 'x"y"', 'one,two', '# c') },
  { weight: 1, arbitrary: hostile },
);
const v4 = fc.ipV4();
const v6 = fc.constantFrom('2001:db8::1', 'fd00::1', '::', 'ff02::1', '2001:db8:0:1::ffff');
const mac = fc.constantFrom('52:54:00:aa:bb:cc', '00:00:00:00:00:00');
const maybe = <T>(arb: fc.Arbitrary<T>) => fc.option(arb, { nil: undefined });
const lease = fc.record({ expiry: fc.nat(100000), unit: fc.constantFrom('seconds', 'minutes', 'hours') });
const dhcp = fc.record({
  ranges: fc.array(fc.record({ start: fc.oneof(v4, v6), end: fc.oneof(v4, v6), lease: maybe(lease) }), { maxLength: 3 }),
  hosts: fc.array(
    fc.record({ mac: maybe(mac), id: maybe(fc.constant('0:1:2')), name: maybe(nasty), ip: fc.oneof(v4, v6), lease: maybe(lease) }),
    { maxLength: 3 },
  ),
  bootp: maybe(fc.record({ file: nasty, server: maybe(v4) })),
});
const ip = fc.oneof(
  fc.record({
    address: v4,
    prefix: maybe(fc.integer({ min: 0, max: 32 })),
    localPtr: maybe(fc.boolean()),
    tftpRoot: maybe(nasty),
    dhcp: maybe(dhcp),
  }),
  fc.record({ address: v4, netmask: v4, dhcp: maybe(dhcp) }),
  fc.record({
    family: fc.constant('ipv6'),
    address: v6,
    prefix: maybe(fc.integer({ min: 0, max: 128 })),
    localPtr: maybe(fc.boolean()),
    dhcp: maybe(dhcp),
  }),
);
const dns = fc.record({
  enable: maybe(fc.boolean()),
  forwardPlainNames: maybe(fc.boolean()),
  forwarders: fc.array(fc.record({ domain: maybe(nasty), addr: maybe(v4) }), { maxLength: 2 }),
  txts: fc.array(fc.record({ name: nasty, value: nasty }), { maxLength: 3 }),
  srvs: fc.array(
    fc.record({
      service: nasty,
      protocol: nasty,
      domain: maybe(nasty),
      target: maybe(nasty),
      port: maybe(fc.nat(65535)),
      weight: maybe(fc.nat(65535)),
    }),
    { maxLength: 2 },
  ),
  hosts: fc.array(fc.record({ ip: v4, hostnames: fc.array(nasty, { maxLength: 3 }) }), { maxLength: 2 }),
});
const modes: readonly ForwardMode[] = ['none', 'nat', 'route', 'open', 'bridge', 'private', 'vepa', 'passthrough', 'hostdev'];
const rate = fc.record({
  average: maybe(fc.nat(10000)),
  peak: maybe(fc.nat(10000)),
  burst: maybe(fc.nat(10000)),
  floor: maybe(fc.nat(100)),
});
const vlan = fc.record({
  trunk: fc.boolean(),
  tags: fc.array(fc.record({ id: fc.nat(4095), nativeMode: maybe(fc.constantFrom('tagged', 'untagged')) }), { minLength: 1, maxLength: 3 }),
});
const nat = fc.record({
  ipv6: maybe(fc.boolean()),
  addressStart: maybe(v4),
  addressEnd: maybe(v4),
  portStart: maybe(fc.nat(65535)),
  portEnd: maybe(fc.nat(65535)),
});

/** Networks as a reader may give them, and worse. Absent settings are left out, as the types want it. */
const networks: fc.Arbitrary<Network> = fc
  .record({
    mode: fc.constantFrom(...modes),
    name: nasty,
    bridge: maybe(fc.oneof(fc.constant('virbr0'), nasty)),
    interfaces: fc.array(fc.record({ dev: fc.oneof(fc.constant('eth0'), nasty) }), { maxLength: 2 }),
    nat: maybe(nat),
    ips: fc.array(ip, { maxLength: 4 }),
    dns: maybe(dns),
    domain: maybe(fc.record({ name: nasty, localOnly: maybe(fc.boolean()), register: maybe(fc.boolean()) })),
    routes: fc.array(fc.record({ address: v4, prefix: maybe(fc.nat(32)), gateway: v4, metric: maybe(fc.nat(100)) }), { maxLength: 2 }),
    dnsmasqOptions: fc.array(nasty, { maxLength: 2 }),
    bandwidth: maybe(fc.record({ inbound: maybe(rate), outbound: maybe(rate) })),
    zone: maybe(nasty),
    mtu: maybe(fc.nat(70000)),
    vlan: maybe(vlan),
    ipv6: maybe(fc.boolean()),
    macTableManager: maybe(fc.constantFrom('kernel', 'libvirt')),
  })
  .map((x) => {
    const base = network(x.mode, {}, { interfaces: x.interfaces, ...(x.nat && { nat: x.nat as never }) });
    const name = x.bridge ?? base.bridge?.name;
    const bridge = name === undefined ? {} : { bridge: { name, stp: true, delay: 0, zone: x.zone, macTableManager: x.macTableManager } };
    const { name: title, ips, routes, dnsmasqOptions, domain, bandwidth, mtu, vlan: v, ipv6 } = x;
    // JSON drops what is undefined; lone surrogates survive it.
    return JSON.parse(
      JSON.stringify({ ...base, name: title, ips, routes, dnsmasqOptions, domain, dns: x.dns, bandwidth, mtu, vlan: v, ipv6, ...bridge }),
    ) as Network;
  });

const port = { uuid: '4f7dc2a5-0000-4000-8000-00000000000a', owner: { name: 'vm', uuid: UUID }, mac: '52:54:00:aa:00:01' };
const ports = fc.array(
  nasty.map((dev): PortRecord => ({ port, attachment: { type: 'netns', dev, netns: 'g', guestDev: 'eth0' } })),
  { maxLength: 1 },
);

const OPTIONS =
  /^(#|(strict-order|no-resolv|bind-dynamic|expand-hosts|domain-needed|enable-tftp|dhcp-no-override|dhcp-authoritative|leasefile-ro|no-ping|enable-ra)$|(port|server|servers-file|local|domain|pid-file|except-interface|interface|dhcp-option|ra-param|txt-record|srv-host|tftp-root|dhcp-range|dhcp-boot|dhcp-lease-max|dhcp-hostsfile|dhcp-script|addn-hosts)=)/;

function lines(text: string): string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function check(resource: Resource): void {
  if (resource.kind === 'dnsmasq') {
    for (const line of [...lines(resource.conf), ...lines(resource.hosts), ...lines(resource.addnHosts)]) {
      expect(line).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f]/);
      expect(new TextEncoder().encode(line).length).toBeLessThanOrEqual(1000);
      expect(new TextDecoder().decode(new TextEncoder().encode(line))).toBe(line);
    }
  } else if (resource.kind === 'firewall') {
    for (const text of [...resource.chains.flatMap((c) => [c.name, ...c.rules]), ...resource.elements.map((e) => `"${e.key}"`)]) {
      // Outside of quoted device names there is nothing of the document's own.
      expect(text).not.toMatch(/[\x00-\x1f\x7f\\]/);
      expect(text.replace(/"[^"*]{1,15}"/g, '')).toMatch(/^[A-Za-z0-9 _.:/{},!=-]*$/);
    }
  } else {
    expect(JSON.stringify({ ...resource, owner: undefined, zone: undefined, domain: undefined })).not.toMatch(/\\u00[01]|\\n|\\t|\\r/);
  }
}

describe('for any network', () => {
  let okCount = 0;
  it('a compile answers, every resource has a name of its own, and no text holds what the document must not bring in', () => {
    fc.assert(
      fc.property(networks, ports, (net, guests) => {
        const result = compileNetwork({ network: net, ports: guests, facts: facts() });
        compileShared([net]);
        if (!result.ok) {
          expect(result.diagnostics.some((d) => d.severity === 'error')).toBe(true);
          return;
        }
        okCount++;
        expect(new Set(result.value.map(resourceKey)).size).toBe(result.value.length);
        for (const resource of result.value) check(resource);
      }),
      { numRuns: 600 },
    );
    // The generator must make enough documents that a host can carry out, or the rest says little.
    expect(okCount).toBeGreaterThan(30);
  });

  it('a conf has only options that the compile knows', () => {
    fc.assert(
      fc.property(networks, (net) => {
        const plain = { ...net, dnsmasqOptions: [] };
        const result = compileNetwork({ network: plain, ports: [], facts: facts() });
        if (!result.ok) return;
        for (const resource of result.value)
          if (resource.kind === 'dnsmasq') for (const line of lines(resource.conf)) expect(line).toMatch(OPTIONS);
      }),
      { numRuns: 600 },
    );
  });

  it('two compiles of it are equal', () => {
    fc.assert(
      fc.property(networks, (net) => {
        const once = compileNetwork({ network: net, ports: [], facts: facts() });
        expect(compileNetwork({ network: structuredClone(net), ports: [], facts: facts() })).toEqual(once);
      }),
      { numRuns: 100 },
    );
  });
});
