/**
 * The JSON Schema (draft 2020-12) of the JSON view of a network: plain data. What `virtnet convert` reads is checked with it, editors
 * complete with it, and docs/reference is made from it. Fields are those of the `Network` type; lists and switches may be left out.
 */

/** The part of JSON Schema that the view uses. */
export interface Schema {
  readonly $schema?: string;
  readonly $id?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: 'object' | 'array' | 'string' | 'integer' | 'boolean';
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: false;
  readonly items?: Schema;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly default?: unknown;
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const text = (description?: string): Schema => ({ type: 'string', ...(description === undefined ? {} : { description }) });
const integer = (minimum: number, maximum?: number, description?: string): Schema => ({
  type: 'integer',
  minimum,
  ...(maximum === undefined ? {} : { maximum }),
  ...(description === undefined ? {} : { description }),
});
const flag = (description?: string): Schema => ({ type: 'boolean', ...(description === undefined ? {} : { description }) });
const oneOf = (...words: readonly string[]): Schema => ({ type: 'string', enum: words });
const list = (items: Schema, description?: string): Schema => ({
  type: 'array',
  items,
  default: [],
  ...(description === undefined ? {} : { description }),
});
const object = (properties: Readonly<Record<string, Schema>>, ...required: readonly string[]): Schema => ({
  type: 'object',
  properties,
  ...(required.length === 0 ? {} : { required }),
  additionalProperties: false,
});
const ref = (name: string): Schema => ({ $ref: `#/$defs/${name}` });
const byDefault = (schema: Schema, value: unknown): Schema => ({ ...schema, default: value });

const family = oneOf('ipv4', 'ipv6');
const connections = integer(0, undefined, 'live only: guests connected');

const definitions: Readonly<Record<string, Schema>> = {
  pciAddress: object(
    { domain: integer(0, 0xffff), bus: integer(0, 0xff), slot: integer(0, 0x1f), function: integer(0, 7) },
    'domain',
    'bus',
    'slot',
    'function',
  ),
  bandwidthRate: object({
    average: integer(0, undefined, 'kB (1,000 bytes) a second'),
    peak: integer(0, undefined, 'kB (1,000 bytes) a second'),
    burst: integer(0, undefined, 'KiB'),
    floor: integer(0, undefined, 'kB (1,000 bytes) a second, guaranteed'),
  }),
  bandwidth: object({ inbound: ref('bandwidthRate'), outbound: ref('bandwidthRate'), classId: integer(0, undefined, 'ports only') }),
  vlan: object({
    trunk: byDefault(flag(), false),
    tags: list(object({ id: integer(0, 4095), nativeMode: oneOf('tagged', 'untagged') }, 'id')),
  }),
  virtualport: object({
    type: oneOf('802.1Qbg', '802.1Qbh', 'openvswitch', 'midonet'),
    managerid: integer(0, 255),
    typeid: integer(0, 0xffffff),
    typeidversion: integer(0, 255),
    instanceid: text(),
    interfaceid: text(),
    profileid: text(),
  }),
  lease: object({ expiry: integer(0, undefined, '0 is for ever'), unit: oneOf('seconds', 'minutes', 'hours') }, 'expiry', 'unit'),
  dhcp: object({
    ranges: list(object({ start: text(), end: text(), lease: ref('lease') }, 'start', 'end')),
    hosts: list(object({ mac: text(), id: text('DHCPv6: the DUID'), name: text(), ip: text(), lease: ref('lease') }, 'ip')),
    bootp: object({ file: text(), server: text() }, 'file'),
  }),
  dns: object({
    enable: flag(),
    forwardPlainNames: flag(),
    forwarders: list(object({ domain: text(), addr: text() })),
    txts: list(object({ name: text(), value: text() }, 'name', 'value')),
    srvs: list(
      object(
        {
          service: text(),
          protocol: text(),
          domain: text(),
          target: text(),
          port: integer(0, 65535),
          priority: integer(0, 65535),
          weight: integer(0, 65535),
        },
        'service',
        'protocol',
      ),
    ),
    hosts: list(object({ ip: text(), hostnames: list(text()) }, 'ip')),
  }),
  ip: object(
    {
      family,
      address: text(),
      netmask: text('IPv4 only; or prefix'),
      prefix: integer(0, 128),
      localPtr: flag(),
      tftpRoot: text('folder served by TFTP'),
      dhcp: ref('dhcp'),
    },
    'address',
  ),
  route: object(
    { family, address: text(), netmask: text(), prefix: integer(0, 128), gateway: text(), metric: integer(1) },
    'address',
    'gateway',
  ),
  portgroup: object(
    {
      name: text(),
      default: byDefault(flag('for guests that name none'), false),
      trustGuestRxFilters: flag(),
      vlan: ref('vlan'),
      virtualport: ref('virtualport'),
      bandwidth: ref('bandwidth'),
    },
    'name',
  ),
  forward: object({
    mode: byDefault(oneOf('none', 'nat', 'route', 'open', 'bridge', 'private', 'vepa', 'passthrough', 'hostdev'), 'none'),
    managed: flag('hostdev: bind to the VFIO driver and back'),
    driver: object({ name: oneOf('vfio', 'kvm', 'xen'), model: text() }),
    pf: object({ dev: text(), connections }, 'dev'),
    nat: object({ ipv6: flag(), addressStart: text(), addressEnd: text(), portStart: integer(0, 65535), portEnd: integer(0, 65535) }),
    interfaces: list(object({ dev: text(), connections }, 'dev')),
    addresses: list(object({ address: ref('pciAddress'), connections }, 'address')),
  }),
  bridge: object({
    name: text('chosen when absent'),
    zone: text('of firewalld'),
    stp: byDefault(flag(), true),
    delay: byDefault(integer(0, undefined, 'forward delay in seconds'), 0),
    macTableManager: oneOf('kernel', 'libvirt'),
  }),
};

export const networkSchema: Schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'https://virtnet.invalid/schema/network.json',
  title: 'A virtual network',
  ...object(
    {
      name: { type: 'string', minLength: 1 },
      uuid: text('made when absent'),
      title: text(),
      description: text(),
      metadata: list(object({ namespace: text(), xml: text('the element as XML') }, 'namespace', 'xml'), 'children of <metadata>'),
      emptyMetadata: flag('<metadata> held only what is left out'),
      metadataDeclarations: {
        type: 'array',
        items: object({ prefix: text(), namespace: text() }, 'prefix', 'namespace'),
        description: 'namespaces that <metadata> itself declares',
      },
      ipv6: flag('guests talk IPv6 among themselves without a gateway'),
      trustGuestRxFilters: flag(),
      connections,
      forward: byDefault(ref('forward'), { mode: 'none' }),
      bridge: ref('bridge'),
      mtu: integer(0, undefined, 'bytes'),
      mac: text('of the bridge'),
      domain: object({ name: text(), localOnly: flag(), register: flag() }, 'name'),
      dns: ref('dns'),
      vlan: ref('vlan'),
      bandwidth: ref('bandwidth'),
      portIsolated: flag('guests do not reach each other'),
      ips: list(ref('ip')),
      routes: list(ref('route')),
      virtualport: ref('virtualport'),
      portgroups: list(ref('portgroup')),
      dnsmasqOptions: list(text(), "lines for dnsmasq's own configuration"),
    },
    'name',
  ),
  $defs: definitions,
};
