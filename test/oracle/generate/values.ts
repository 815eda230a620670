import type { Random } from './random.ts';

/**
 * Edge and faulty values by the kind of attribute they belong to. Numbers from 2^53 to 2^64 that libvirt takes are left out: the model
 * holds them rounded.
 */
const NUMBERS = [
  '',
  '0',
  '1',
  '-1',
  '+1',
  '1.5',
  '0x10',
  '010',
  ' 5',
  '5 ',
  '1 2',
  'abc',
  '65535',
  '65536',
  '4294967295',
  '4294967296',
  '18446744073709551616',
  '99999999999999999999999',
  '18014398509481984',
  '-0',
  '1e3',
  '٣',
];
const ADDRESSES = [
  '',
  '1.2.3',
  '1.2',
  '10',
  '192.168.010.001',
  '0x7f.1',
  '1.2.3.256',
  '1.2.3.4.5',
  '1.2.3.4 ',
  ' 1.2.3.4',
  'foo',
  'example.com',
  '0.0.0.0',
  '255.255.255.255',
  '224.0.0.1',
  '127.0.0.1',
  '::',
  '::1',
  'fe80::1',
  'fe80::1%nosuch',
  '2001:DB8::00A',
  '2001:db8:0:0:1:0:0:1',
  '::ffff:192.0.2.7',
  '::192.0.2.7',
  '2001:db8::g',
  '1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7:8:9',
  '192.168.150.1/24',
];
const MACS = [
  '',
  '52:54:00:11:22',
  '52:54:00:11:22:33:44',
  '52:54:0:1:2:3',
  '52:54:00:AA:bb:Cc',
  '52-54-00-11-22-33',
  '525400112233',
  '01:00:5e:00:00:01',
  'ff:ff:ff:ff:ff:ff',
  '00:00:00:00:00:00',
  '52:54:00:11:22:zz',
  '52:54:00:11:22:33 ',
  '052:54:00:11:22:33',
  ' 52:54:00:11:22:33',
  '52:54:00:11:22:3',
  '52:54:00::22:33',
];
const CHOICES = ['', 'yes', 'no', 'Yes', 'YES', 'true', '1', 'on', 'off', 'yes ', 'maybe'];
const NAMES = [
  '',
  ' ',
  'a',
  'A b',
  'a/b',
  'a\nb',
  'a\tb',
  "o'hara",
  '"q"',
  '<&>',
  'ümlaut',
  '名',
  '..',
  '.',
  'a.b.c',
  '-a',
  'a-',
  '1a',
  'a_b',
  'a,b',
  'a%d',
  '%d%d',
  '%s',
  'x'.repeat(16),
  'y'.repeat(64),
  '$(id)',
  'a;b',
  'a\\b',
  '*',
  '#x',
];
const UUIDS = [
  '',
  '11111111222233334444555555555501',
  '11111111-2222-3333-4444-555555555501',
  '11111111-2222-3333-4444-55555555550',
  '11111111-2222-3333-4444-5555555555011',
  '1111-1111-2222-3333-4444-555555555501',
  'ABCDEF00-2222-3333-4444-555555555501',
  ' 11111111-2222-3333-4444-555555555501 ',
  'zz111111-2222-3333-4444-555555555501',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  '{11111111-2222-3333-4444-555555555501}',
];
const WORDS: Readonly<Record<string, readonly string[]>> = {
  mode: ['', 'nat', 'route', 'open', 'bridge', 'private', 'vepa', 'passthrough', 'hostdev', 'none', 'NAT', 'macvtap', 'nat '],
  family: ['', 'ipv4', 'ipv6', 'IPv4', 'inet', 'ipv5'],
  type: ['', 'pci', 'usb', 'PCI', '802.1Qbg', '802.1Qbh', 'openvswitch', 'midonet', '802.1qbg', 'none'],
  stp: ['', 'on', 'off', 'yes', 'no', 'OFF', '0'],
  macTableManager: ['', 'kernel', 'libvirt', 'none', 'Kernel'],
  nativeMode: ['', 'tagged', 'untagged', 'none', 'Tagged'],
  unit: ['', 'seconds', 'minutes', 'hours', 'days', 'Minutes'],
  protocol: ['', 'tcp', 'udp', 'sctp', 'TCP', 't c', 'a.b'],
  driver: ['', 'vfio', 'kvm', 'xen', 'vfio-pci'],
};
const KINDS: readonly (readonly [readonly string[], readonly string[]])[] = [
  [
    NUMBERS,
    [
      'average',
      'peak',
      'burst',
      'floor',
      'size',
      'delay',
      'prefix',
      'metric',
      'port',
      'priority',
      'weight',
      'id',
      'managerid',
      'typeid',
      'typeidversion',
      'expiry',
      'domain',
      'bus',
      'slot',
      'function',
      'classID',
      'connections',
    ],
  ],
  [ADDRESSES, ['address', 'netmask', 'gateway', 'start', 'end', 'ip', 'server', 'addr']],
  [MACS, ['mac']],
  [
    CHOICES,
    [
      'ipv6',
      'trustGuestRxFilters',
      'trunk',
      'default',
      'localOnly',
      'register',
      'localPtr',
      'enable',
      'forwardPlainNames',
      'managed',
      'isolated',
      'trustGuest',
    ],
  ],
  [UUIDS, ['instanceid', 'interfaceid', 'uuid']],
];

/** An edge or faulty value for an attribute (or element text) of that name. */
export function oddValue(rng: Random, attribute: string, elementName: string): string {
  if (attribute === 'address' && (elementName === 'mac' || rng.chance(0.1))) return rng.pick(MACS);
  if ((attribute === 'start' || attribute === 'end') && elementName === 'port') return rng.pick(NUMBERS);
  if (attribute === 'domain' && elementName !== 'address') return rng.pick(NAMES);
  if (attribute === 'id' && elementName === 'host') return rng.pick(['', '0:1:0:1:18:aa', 'zz', '00:01:00', '12ab', 'a b', ':']);
  const words = WORDS[attribute];
  if (words && rng.chance(0.8)) return rng.pick(words);
  for (const [values, names] of KINDS) {
    if (names.includes(attribute) && rng.chance(0.9)) return rng.pick(values);
  }
  return rng.pick(NAMES);
}
