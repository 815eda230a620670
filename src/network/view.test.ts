import { Ajv2020 } from 'ajv/dist/2020.js';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { buildNetwork, pci, subnet, trunk, vlan, wholeRange } from './build.ts';
import { readNetwork } from './read.ts';
import { networkSchema } from './schema.ts';
import { readNetworkView, viewNetwork } from './view.ts';
import { parse, stringify } from 'yaml';

const ajv = new Ajv2020({ strict: true });
const accepts = ajv.compile(networkSchema);

/** A document with every field, one way or the other. */
const everything = buildNetwork({
  name: 'everything',
  uuid: '7a3b7497-1ec7-8aef-6d5c-38dff9109e93',
  title: 't',
  description: 'd',
  metadata: [{ namespace: 'urn:x', xml: '<x:a xmlns:x="urn:x"/>' }],
  ipv6: true,
  trustGuestRxFilters: true,
  forward: {
    mode: 'nat',
    nat: { ipv6: true, addressStart: '1.2.3.4', addressEnd: '1.2.3.5', portStart: 1, portEnd: 2 },
    interfaces: [{ dev: 'eth1' }],
  },
  bridge: { name: 'virbr0', zone: 'z', macTableManager: 'libvirt', delay: 3 },
  mtu: 9000,
  mac: '52:54:00:00:00:01',
  domain: { name: 'x.y', localOnly: true, register: true },
  dns: {
    enable: true,
    forwardPlainNames: false,
    forwarders: [{ domain: 'a', addr: '1.1.1.1' }],
    txts: [{ name: 'n', value: 'v' }],
    srvs: [{ service: 's', protocol: 'tcp', port: 1, priority: 2, weight: 3, target: 't', domain: 'd' }],
    hosts: [{ ip: '10.0.0.5', hostnames: ['h'] }],
  },
  vlan: trunk([1, 2], 2),
  bandwidth: { inbound: { average: 1, peak: 2, burst: 3 }, outbound: { average: 4 } },
  portIsolated: true,
  ips: [
    subnet('10.0.0.1/24', {
      localPtr: true,
      tftpRoot: '/srv/tftp',
      dhcp: {
        ranges: [{ ...wholeRange('10.0.0.1/24'), lease: { expiry: 2, unit: 'hours' } }],
        hosts: [{ mac: '52:54:00:00:00:02', name: 'n', ip: '10.0.0.9' }],
        bootp: { file: 'f', server: '10.0.0.2' },
      },
    }),
    subnet('fd00::1/64'),
  ],
  routes: [{ address: '10.1.0.0', prefix: 16, gateway: '10.0.0.2', metric: 2 }],
  virtualport: { type: 'openvswitch', interfaceid: 'i', profileid: 'p' },
  portgroups: [{ name: 'g', default: true, vlan: vlan(42), bandwidth: { inbound: { average: 1, floor: 1 } } }],
  dnsmasqOptions: ['log-queries'],
});

describe('the JSON view', () => {
  it('goes to JSON and back without loss, and leaves out what is empty', () => {
    expect(readNetworkView(JSON.parse(JSON.stringify(viewNetwork(everything))))).toEqual({ ok: true, value: everything, diagnostics: [] });
    expect(viewNetwork(buildNetwork({ name: 'closed' }))).toEqual({ name: 'closed' });
  });

  it('fills in what may be left out', () => {
    expect(buildNetwork({ name: 'lab', bridge: {}, ips: [{ address: '10.0.0.1', prefix: 8, dhcp: {} }] })).toEqual({
      name: 'lab',
      metadata: [],
      forward: { mode: 'none', interfaces: [], addresses: [] },
      bridge: { stp: true, delay: 0 },
      ips: [{ address: '10.0.0.1', prefix: 8, dhcp: { ranges: [], hosts: [] } }],
      routes: [],
      portgroups: [],
      dnsmasqOptions: [],
    });
  });

  it('is what the schema describes, by the judgement of ajv', () => {
    expect(accepts(viewNetwork(everything))).toBe(true);
    expect(accepts(everything)).toBe(true);
  });

  it.each([
    ['a mistyped field', { name: 'a', ips: [{ adress: '10.0.0.1' }] }, 'VNJ003', '/ips/0/adress', 'did you mean "address"?'],
    ['a missing field', { ips: [] }, 'VNJ004', '/', 'add "name"'],
    ['a wrong kind', { name: 'a', mtu: 'big' }, 'VNJ002', '/mtu', undefined],
    ['a wrong word', { name: 'a', forward: { mode: 'nate' } }, 'VNJ005', '/forward/mode', 'did you mean "nat"?'],
    ['a number out of bounds', { name: 'a', vlan: { tags: [{ id: 5000 }] } }, 'VNJ005', '/vlan/tags/0/id', undefined],
    ['a list', [], 'VNJ002', '/', undefined],
    ['a name from the prototype', JSON.parse('{"name":"a","__proto__":{"x":1}}') as unknown, 'VNJ003', '/__proto__', 'remove it'],
  ])('refuses %s, as ajv does', (_, value, code, path, hint) => {
    const result = readNetworkView(value);
    expect(result.ok).toBe(false);
    const found = result.diagnostics.find((d) => d.code === code && d.path === path);
    expect(found?.hint).toBe(hint);
    expect(found).toBeDefined();
    expect(accepts(value)).toBe(false);
  });
});

describe('the builders', () => {
  it('make what their names say', () => {
    expect(wholeRange('192.168.122.1/24')).toEqual({ start: '192.168.122.2', end: '192.168.122.254' });
    expect(pci('0000:04:1f.7')).toEqual({ domain: 0, bus: 4, slot: 31, function: 7 });
    expect(trunk([3, 4], 4)).toEqual({ trunk: true, tags: [{ id: 3 }, { id: 4, nativeMode: 'untagged' }] });
    expect(subnet('fd00::1/64')).toEqual({ family: 'ipv6', address: 'fd00::1', prefix: 64 });
  });
  it('refuse what they cannot make', () => {
    expect(() => wholeRange('10.0.0.5/24')).toThrow(RangeError);
    expect(() => wholeRange('10.0.0.1/30')).toThrow(RangeError);
    expect(() => subnet('10.0.0.1')).toThrow(RangeError);
    expect(() => pci('04:00.1')).toThrow(RangeError);
    expect(() => buildNetwork({ name: '' })).toThrow(/empty/);
  });
});

describe.each(['examples', '../shared/corpus/visible/valid'])('every document of %s', (folder) => {
  it.skipIf(!existsSync(folder))('goes to JSON and YAML and back without loss, and fits the schema', () => {
    const files = readdirSync(folder).filter((f) => f.endsWith('.xml'));
    let tried = 0;
    for (const file of files) {
      const { network } = readNetwork(readFileSync(join(folder, file)));
      if (!network) continue; // one of the declared deviations: conformance counts them
      tried += 1;
      const view = viewNetwork(network);
      expect(accepts(view), `${file}: ${JSON.stringify(accepts.errors)}`).toBe(true);
      expect(readNetworkView(JSON.parse(JSON.stringify(view))), file).toEqual({ ok: true, value: network, diagnostics: [] });
      expect(readNetworkView(parse(stringify(view))), file).toEqual({ ok: true, value: network, diagnostics: [] });
    }
    expect(tried).toBeGreaterThan(files.length * 0.95);
  });
});
