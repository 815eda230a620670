import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPort, writePort, type NetworkPort } from './port.ts';

const CORPUS = join(import.meta.dirname, '../../../shared/corpus/visible/ports');
const UUID = '<uuid>5d744f21-ba4a-4d6e-bdb2-30a35ff3207d</uuid>';
const OWNER = '<owner><name>m</name><uuid>d54df46f-1ab5-4a22-8618-4560ef5fac2c</uuid></owner>';
const HEAD = `${UUID}${OWNER}<mac address='52:54:00:7b:35:93'/>`;
const document = (content: string): string => `<networkport>${content}</networkport>`;

describe.skipIf(!existsSync(CORPUS))('ports of the corpus', () => {
  for (const file of existsSync(CORPUS) ? readdirSync(CORPUS) : []) {
    it(`${file} is written as it was read`, () => {
      const text = readFileSync(join(CORPUS, file), 'utf8');
      const result = readPort(text);
      expect(result.diagnostics).toEqual([]);
      // The class comes first in libvirt's own files and last in what it prints; the order of rate attributes differs likewise.
      if (result.ok) expect(readPort(writePort(result.value))).toEqual(result);
    });
  }
});

describe('readPort', () => {
  // Answers of libvirt 11.3 to virNetworkPortCreateXML (with the reclaim flag where there is a plug).
  it.each([
    ['<networkport/>', 1, 'internal error: network port has no uuid'],
    ['<networkport><uuid/></networkport>', 1, 'internal error: network port has no uuid'],
    ['<networkport><uuid>zz</uuid></networkport>', 1, "internal error: Unable to parse UUID 'zz'"],
    [document(UUID), 1, 'internal error: network port has no owner name'],
    [document(`${UUID}<owner><name>a</name></owner>`), 1, 'internal error: network port has no owner UUID'],
    [document(`${UUID}<owner><name>a</name><uuid>x</uuid></owner>`), 1, "internal error: Unable to parse UUID 'x'"],
    [document(`${UUID}<owner><uuid>x</uuid></owner>`), 1, 'internal error: network port has no owner name'],
    [document(`${UUID}${OWNER}`), 1, 'internal error: network port has no mac'],
    [document(`${UUID}${OWNER}<mac address=''/>`), 1, 'internal error: network port has no mac'],
    [document(`${UUID}${OWNER}<virtualport type='x'/>`), 67, 'unsupported configuration: unknown virtualport type x'],
    [document(`${UUID}${OWNER}<mac address='zz'/>`), 1, "internal error: Unable to parse MAC 'zz'"],
    [document(`${HEAD}<plug type='x'/>`), 27, "XML error: Invalid value for attribute 'type' in element 'plug': 'x'."],
    [document(`${HEAD}<plug type='network'/>`), 27, 'XML error: Missing network port bridge name'],
    [document(`${HEAD}<plug type='bridge' macTableManager='y'/>`), 27, 'XML error: Missing network port bridge name'],
    [
      document(`${HEAD}<plug type='bridge' bridge='' macTableManager='x'/>`),
      27,
      "XML error: Invalid macTableManager setting 'x' in network port",
    ],
    [document(`${HEAD}<plug type='direct' mode='x'/>`), 27, 'XML error: Missing network port link device name'],
    [document(`${HEAD}<plug type='direct' dev='e' mode=''/>`), 27, "XML error: Invalid mode setting '' in network port"],
    [document(`${HEAD}<plug type='hostdev-pci'/>`), 27, 'XML error: Missing network port PCI address'],
    [
      document(`${HEAD}<plug type='hostdev-pci' managed='x'/>`),
      27,
      "XML error: Invalid value for attribute 'managed' in element 'plug': 'x'.",
    ],
    [
      document(`${HEAD}<plug type='hostdev-pci'><driver name='x'/><address slot='50'/></plug>`),
      27,
      "XML error: Invalid value for attribute 'name' in element 'driver': 'x'.",
    ],
    [
      document(`${HEAD}<plug type='hostdev-pci'><address slot='40'/></plug>`),
      27,
      "XML error: Invalid PCI address slot='0x28', must be <= 0x1F",
    ],
    [document(`${HEAD}<virtualport type='x'/>`), 67, 'unsupported configuration: unknown virtualport type x'],
    [document(`${HEAD}<bandwidth><inbound/></bandwidth><vlan/>`), 35, 'Missing mandatory average or floor attributes'],
    [
      document(`${HEAD}<bandwidth classID='x'/>`),
      27,
      "XML error: Invalid value for attribute 'classID' in element 'bandwidth': 'x'. Expected non-negative integer value",
    ],
    [document(`${HEAD}<port isolated=''/>`), 27, "XML error: Invalid value for attribute 'isolated' in element 'port': ''."],
    [
      document(`${HEAD}<rxfilters trustGuest='x'/>`),
      27,
      "XML error: Invalid value for attribute 'trustGuest' in element 'rxfilters': 'x'.",
    ],
    ['<network/>', 27, "XML error: expecting root element of 'networkport', not 'network'"],
  ])('refuses %s as libvirt does', (text, code, message) => {
    const first = readPort(text).diagnostics.find((d) => d.severity === 'error');
    expect(first?.libvirt).toMatchObject({ code, message });
    expect(first?.position).toBeDefined();
  });

  it.each([
    ['a plug of type none', `${HEAD}<plug type='none'/>`, {}],
    ['an empty group', `${HEAD}<group></group>`, {}],
    ['a multicast address', `${UUID}${OWNER}<mac address='01:00:5E:0:0:1'/>`, { mac: '01:00:5e:00:00:01' }],
    ['a class without limits', `${HEAD}<bandwidth classID='4'/>`, { classId: 4 }],
    ['a direct plug without mode', `${HEAD}<plug type='direct' dev='e'/>`, { plug: { type: 'direct', dev: 'e', mode: 'vepa' } }],
  ])('takes %s', (_name, content, part) => {
    const result = readPort(document(content));
    expect(result.ok && result.value).toMatchObject(part);
  });

  it('warns of an element that it does not know', () => {
    expect(readPort(document(`${HEAD}<vlans/>`)).diagnostics).toMatchObject([{ severity: 'warning', hint: 'did you mean <vlan>?' }]);
  });
});

describe('writePort', () => {
  const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${String(length)}}$`));
  const uuid = fc.tuple(hex(8), hex(4), hex(4), hex(4), hex(12)).map((parts) => parts.join('-'));
  const name = fc.stringMatching(/^[ -~]{1,12}$/);
  const mac = fc.array(hex(2), { minLength: 6, maxLength: 6 }).map((pairs) => pairs.join(':'));
  const positive = fc.integer({ min: 1, max: 1e9 });
  const rate = fc.record(
    { average: positive, peak: positive, burst: fc.integer({ min: 1, max: 4_194_303 }) },
    { requiredKeys: ['average'] },
  );
  const plug: fc.Arbitrary<NetworkPort['plug'] & object> = fc.oneof(
    fc.record({ type: fc.constantFrom('network', 'bridge'), bridge: name, macTableManager: fc.constantFrom('kernel', 'libvirt') }),
    fc.record({ type: fc.constant('direct'), dev: name, mode: fc.constantFrom('vepa', 'private', 'bridge', 'passthrough') }),
    fc.record({
      type: fc.constant('hostdev-pci'),
      managed: fc.boolean(),
      address: fc.record({ domain: fc.nat(65535), bus: fc.nat(255), slot: fc.integer({ min: 1, max: 31 }), function: fc.nat(7) }),
    }),
  );
  const port: fc.Arbitrary<NetworkPort> = fc.record(
    {
      uuid,
      owner: fc.record({ name, uuid }),
      mac,
      portgroup: name,
      bandwidth: fc.record({ inbound: rate, outbound: rate }, { requiredKeys: ['inbound'] }),
      vlan: fc.record({ trunk: fc.constant(true), tags: fc.array(fc.record({ id: fc.nat(4095) }), { minLength: 1, maxLength: 4 }) }),
      virtualport: fc.record({ type: fc.constant('openvswitch'), interfaceid: uuid, profileid: name }, { requiredKeys: ['type'] }),
      isolated: fc.boolean(),
      trustGuestRxFilters: fc.boolean(),
      plug,
    },
    { requiredKeys: ['uuid', 'owner', 'mac'] },
  );
  it('is undone by readPort', () => {
    fc.assert(
      fc.property(port, (value) => {
        const result = readPort(writePort(value));
        expect(result.ok && result.value).toEqual(value);
      }),
    );
  });
});
