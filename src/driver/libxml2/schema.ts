import { DNSMASQ_NAMESPACE } from '../../network/dnsmasq-options.ts';
import type { XmlElement } from '../../xml/node.ts';
import { attribute } from '../../xml/node.ts';

/** What libvirt's RelaxNG schemas of networks and ports say, as data (network.rng, networkport.rng, networkcommon.rng, basictypes.rng of 11.3). */

/** Whether a text is a value of a kind. */
export type Kind = (value: string) => boolean;

/**
 * An element: its attributes and its children by name, or a text. A name ends in how often it may stand: `?` at most once, `*` any number, `+` at
 * least once, nothing: once. `{NAMESPACE}NAME` is an element of a namespace.
 */
export interface Shape {
  readonly attributes?: Readonly<Record<string, Kind>>;
  readonly children?: Readonly<Record<string, Shape | ((element: XmlElement) => Shape)>>;
  readonly text?: Kind;
  /** Of these, attributes or children, not two kinds. */
  readonly apart?: readonly (readonly string[])[];
  /** One of these attributes at least. */
  readonly needs?: readonly string[];
  /** Whatever elements, with whatever inside. */
  readonly anything?: true;
}

/** libxml2's blanks around a token or number count for nothing. */
const trimmed = (value: string): string => value.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
const like =
  (pattern: RegExp): Kind =>
  (value) =>
    pattern.test(value);
const words =
  (...allowed: readonly string[]): Kind =>
  (value) =>
    allowed.includes(trimmed(value).replace(/[ \t\r\n]+/g, ' '));
const either =
  (...kinds: readonly Kind[]): Kind =>
  (value) =>
    kinds.some((kind) => kind(value));
const whole =
  (form: RegExp, least: number, most: number | bigint): Kind =>
  (value) =>
    form.test(value) && BigInt(trimmed(value)) >= least && BigInt(trimmed(value)) <= most;
const integer = (least: number, most: number): Kind => whole(/^[ \t\r\n]*[+-]?\d+[ \t\r\n]*$/, least, most);
const unsigned = (most: number | bigint): Kind => whole(/^[ \t\r\n]*\d+[ \t\r\n]*$/, 0, most);
const digits = (least: number, most: number | bigint): Kind => whole(/^\d+$/, least, most);

const any: Kind = () => true;
const [U32, U64] = [2 ** 32 - 1, 2n ** 64n - 1n];
const yesNo = words('yes', 'no');
const onOff = words('on', 'off');
const uuid = like(/^(?:[a-f0-9]{32}|[a-f0-9]{8}-(?:[a-f0-9]{4}-){3}[a-f0-9]{12})$/i);
const mac = like(/^[a-f0-9][02468ace](?::[a-f0-9]{2}){5}$/i);
const device = like(/^[\w.\-\\:/]+$/);
const dnsName = like(/^[a-zA-Z0-9.-]+$/);
const path = like(/^[^\n\r]+$/);
const connections = unsigned(U32);
const byte = either(like(/^0x[0-9a-f]{1,2}$/i), integer(0, 255));

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const DOTTED = `(?:${OCTET}\\.){3}${OCTET}`;
const H = '[0-9A-Fa-f]{1,4}';
const SIX = [
  `(?:${H}:){7}${H}`,
  `(?:${H}:){6}:${H}`,
  ...[5, 4, 3, 2].map((n) => `(?:${H}:){${String(n)}}:(?:${H}:){0,${String(6 - n)}}${H}`),
  `(?:${H}:){6}${DOTTED}`,
  `(?:${H}:){0,5}:${DOTTED}`,
  `::(?:${H}:){0,5}${DOTTED}`,
  `${H}::(?:${H}:){0,5}${H}`,
  `::(?:${H}:){0,6}${H}`,
  `(?:${H}:){1,7}:`,
  '::',
];
const ipv4 = like(new RegExp(`^${DOTTED}$`));
const address = like(new RegExp(`^(?:${[DOTTED, ...SIX].join('|')})$`));

const DUIDS = [
  '0{1,2}:0?1:0{1,2}:0?[a-fA-F1-9](?::[a-fA-F0-9]{1,2}){10,12}',
  '0{1,2}:0?2(?::[a-fA-F0-9]{1,2}){5,128}',
  '0{1,2}:0?3:0{1,2}:0?[a-fA-F1-9](?::[a-fA-F0-9]{1,2}){6,8}',
  '0{1,2}:0?4(?::[a-fA-F0-9]{1,2}){16}',
];
const duid = like(new RegExp(`^(?:${DUIDS.join('|')})$`));

const pci: Readonly<Record<string, Kind>> = {
  'domain?': either(like(/^(?:0x)?[0-9a-f]{1,8}$/i), unsigned(U32)),
  'bus?': byte,
  'slot?': either(like(/^(?:0x)?[01]?[0-9a-f]$/i), integer(0, 31)),
  'function?': either(like(/^(?:0x)?[0-7]$/), integer(0, 7)),
  'multifunction?': onOff,
};

const rate: Shape = {
  attributes: {
    ...Object.fromEntries(['average?', 'peak?', 'floor?'].map((name) => [name, digits(1, 2 ** 54)])),
    'burst?': digits(1, U32),
  },
};
const bandwidth: Shape = { attributes: { 'classID?': digits(1, Infinity) }, children: { 'inbound?': rate, 'outbound?': rate } };

const vlan: Shape = {
  attributes: { 'trunk?': words('yes') },
  children: { 'tag+': { attributes: { id: unsigned(4095), 'nativeMode?': words('tagged', 'untagged') } } },
};

const profile: Kind = (value) => [...value].length <= 39;
const managed = {
  'managerid?': byte,
  'typeid?': either(like(/^0x[0-9a-f]{1,6}$/i), integer(0, 0xffffff)),
  'typeidversion?': byte,
  'instanceid?': uuid,
};
const profiled = { 'profileid?': profile };
const PARAMETERS: Readonly<Record<string, Readonly<Record<string, Kind>>>> = {
  '802.1Qbg': managed,
  '802.1Qbh': profiled,
  openvswitch: { ...profiled, 'interfaceid?': uuid },
};

function virtualport(element: XmlElement): Shape {
  const type = attribute(element, 'type');
  if (type === undefined) return { children: { 'parameters?': { attributes: { ...managed, ...profiled, 'interfaceid?': uuid } } } };
  const attributes = { type: words('midonet', ...Object.keys(PARAMETERS)) };
  if (trimmed(type) === 'midonet') return { attributes, children: { parameters: { attributes: { interfaceid: uuid } } } };
  return { attributes, children: { 'parameters?': { attributes: PARAMETERS[trimmed(type)] ?? {} } } };
}

const driver: Shape = { attributes: { 'name?': words('kvm', 'vfio', 'xen'), 'model?': like(/^[\w+-]+$/) } };
const port: Shape = { attributes: { 'isolated?': yesNo } };
const lease: Shape = { attributes: { expiry: digits(0, U64), 'unit?': words('seconds', 'minutes', 'hours') } };
const family = like(/^ipv[46]$/);
const prefix = unsigned(128);

const forward: Shape = {
  attributes: {
    'dev?': device,
    'mode?': words('nat', 'route', 'open', 'bridge', 'passthrough', 'private', 'vepa', 'hostdev'),
    'managed?': yesNo,
  },
  children: {
    'interface*': { attributes: { dev: device, 'connections?': connections } },
    'address*': { attributes: { type: words('pci'), ...pci, 'connections?': connections } },
    'pf?': { attributes: { dev: device } },
    'driver?': driver,
    'nat?': {
      attributes: { 'ipv6?': yesNo },
      children: {
        'address?': { attributes: { start: ipv4, end: ipv4 } },
        'port?': { attributes: { start: integer(1, 65535), end: integer(1, 65535) } },
      },
    },
  },
  apart: [['interface', 'address']],
};

const dns: Shape = {
  attributes: { 'enable?': yesNo, 'forwardPlainNames?': yesNo },
  children: {
    'forwarder*': { attributes: { 'addr?': address, 'domain?': dnsName } },
    'txt*': { attributes: { name: dnsName, value: any } },
    'srv*': {
      attributes: {
        service: any,
        protocol: like(/^(?:tcp|udp)$/),
        'domain?': dnsName,
        'target?': any,
        'port?': integer(0, 65535),
        'priority?': integer(0, 65535),
        'weight?': integer(0, 65535),
      },
    },
    'host*': { attributes: { ip: address }, children: { 'hostname+': { text: dnsName } } },
  },
};

const ip: Shape = {
  attributes: { 'address?': address, 'netmask?': ipv4, 'prefix?': prefix, 'family?': family, 'localPtr?': yesNo },
  apart: [['netmask', 'prefix']],
  children: {
    'tftp?': { attributes: { root: any } },
    'dhcp?': {
      children: {
        'range*': { attributes: { start: address, end: address }, children: { 'lease?': lease } },
        'host*': {
          attributes: { 'mac?': mac, 'id?': duid, 'name?': any, ip: address },
          apart: [['mac', 'id']],
          needs: ['mac', 'id', 'name'],
          children: { 'lease?': lease },
        },
        'bootp?': { attributes: { file: path, 'server?': dnsName } },
      },
    },
  },
};

export const networkShape: Shape = {
  attributes: { 'connections?': connections, 'ipv6?': yesNo, 'trustGuestRxFilters?': yesNo },
  children: {
    name: { text: any },
    'title?': { text: like(/^[^\n]+$/) },
    'description?': { text: any },
    'metadata?': { anything: true },
    'uuid?': { text: uuid },
    'bridge?': {
      attributes: {
        'name?': device,
        'zone?': like(/^[\w-]+$/),
        'stp?': onOff,
        'delay?': unsigned(U64),
        'macTableManager?': words('kernel', 'libvirt'),
      },
    },
    'mtu?': { attributes: { size: integer(0, 65535) } },
    'mac?': { attributes: { address: mac } },
    'forward?': forward,
    'virtualport?': virtualport,
    'portgroup*': {
      attributes: { name: device, 'default?': yesNo, 'trustGuestRxFilters?': yesNo },
      children: { 'virtualport?': virtualport, 'bandwidth?': bandwidth, 'vlan?': vlan },
    },
    'domain?': { attributes: { name: dnsName, 'localOnly?': yesNo, 'register?': yesNo } },
    'dns?': dns,
    'bandwidth?': bandwidth,
    'vlan?': vlan,
    'port?': port,
    'ip*': ip,
    'route*': {
      attributes: { 'family?': family, address, 'netmask?': ipv4, 'prefix?': prefix, gateway: address, 'metric?': digits(0, U32) },
      apart: [['netmask', 'prefix']],
    },
    [`{${DNSMASQ_NAMESPACE}}options?`]: { children: { [`{${DNSMASQ_NAMESPACE}}option*`]: { attributes: { value: any } } } },
  },
};

const bridged = { bridge: device, 'macTableManager?': words('kernel', 'libvirt') };
const PLUGS: Readonly<Record<string, Shape>> = {
  network: { attributes: bridged },
  bridge: { attributes: bridged },
  direct: { attributes: { dev: device, mode: words('bridge', 'passthrough', 'private', 'vepa') } },
  'hostdev-pci': { attributes: { 'managed?': yesNo }, children: { 'driver?': driver, address: { attributes: pci } } },
};

function plug(element: XmlElement): Shape {
  const shape = PLUGS[trimmed(attribute(element, 'type') ?? '')] ?? {};
  return { ...shape, attributes: { type: words(...Object.keys(PLUGS)), ...shape.attributes } };
}

export const portShape: Shape = {
  children: {
    uuid: { text: uuid },
    owner: { children: { name: { text: any }, uuid: { text: uuid } } },
    mac: { attributes: { address: mac } },
    'group?': { text: device },
    'rxfilters?': { attributes: { trustGuest: yesNo } },
    'virtualport?': virtualport,
    'bandwidth?': bandwidth,
    'vlan?': vlan,
    'port?': port,
    'plug?': plug,
  },
};
