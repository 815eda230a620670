import { present, type MaybeAbsent } from '../base/present.ts';
import { isMulticastMac } from '../inet/mac.ts';
import { attribute, child, children, textOf, type XmlElement } from '../xml/node.ts';
import { readBandwidth } from './bandwidth.ts';
import { readBridge } from './bridge.ts';
import { checkShape, refuse, warn, type ReadContext, type Shape } from './context.ts';
import { readDns } from './dns.ts';
import { readDnsmasqOptions } from './dnsmasq-options.ts';
import { readDomain } from './domain.ts';
import { ISOLATED, readForward } from './forward.ts';
import { readIp } from './ip.ts';
import { internalError, FROM, xmlDetail, xmlError } from './libvirt-error.ts';
import { readMetadata } from './metadata.ts';
import type { Network } from './network.ts';
import { readPortGroup } from './portgroup.ts';
import { checkGateways, readRoute } from './route.ts';
import { badNumber, badWord, parseLibvirtMac, parseUnsigned, parseUuid, readYesNo, textAttribute, UINT_MAX } from './values.ts';
import { readVirtualPort } from './virtualport.ts';
import { readVlan } from './vlan.ts';
import { checkModeParts } from './modes.ts';

const REPEATED = ['ip', 'route', 'portgroup'];

/** What `<network>` holds. */
export const ROOT_SHAPE: Shape = {
  attributes: ['connections', 'ipv6', 'trustGuestRxFilters'],
  children: [
    ...[
      'name',
      'uuid',
      'title',
      'description',
      'metadata',
      'forward',
      'bridge',
      'mtu',
      'mac',
      'domain',
      'dns',
      'vlan',
      'bandwidth',
      'port',
    ],
    ...['virtualport', ...REPEATED],
  ],
  repeated: REPEATED,
};

const TEXT: Shape = { attributes: [], children: [], text: true };
const PORT: Shape = { attributes: ['isolated'], children: [] };
const MTU: Shape = { attributes: ['size'], children: [] };
const MAC: Shape = { attributes: ['address'], children: [] };

/** A part of the model under its name, or nothing: how optional parts join an object. */
type Part<K extends keyof Network> = Partial<Pick<Network, K>>;

/** Reads `<network>`, element by element in libvirt's order, and checks what can be said of the elements alone. */
export function readRoot(context: ReadContext, root: XmlElement): Network {
  const name = (context.name = readName(context, root));
  const one = <T>(tag: string, read: (c: ReadContext, e: XmlElement) => T | undefined): T | undefined => {
    const e = child(root, tag);
    return e && read(context, e);
  };
  const all = <T>(tag: string, read: (c: ReadContext, e: XmlElement) => T | undefined): T[] => {
    const found: T[] = [];
    for (const e of children(root, tag)) {
      const part = read(context, e);
      if (part !== undefined) found.push(part);
    }
    return found;
  };
  const { uuid, title, description, ipv6, trustGuestRxFilters, connections } = readHead(context, root);
  const domain = one('domain', readDomain);
  const bandwidth = one('bandwidth', readBandwidth);
  const vlan = one('vlan', readVlan);
  const portIsolated = one('port', readPort);
  const bridge = one('bridge', readBridge);
  const mac = one('mac', readMac);
  const mtuElement = children(root, 'mtu').find((e) => attribute(e, 'size') !== undefined) ?? child(root, 'mtu');
  const mtu = mtuElement && readMtu(context, mtuElement);
  const dns = one('dns', readDns);
  const virtualport = one('virtualport', (c, e) => readVirtualPort(c, e, { typeRequired: true }));
  const portgroups = all('portgroup', readPortGroup);
  const ips = all('ip', readIp);
  const routes = all('route', readRoute);
  checkGateways(context, routes, ips, children(root, 'ip').length > ips.length);
  const forward = one('forward', readForward) ?? ISOLATED;
  const metadata = one('metadata', readMetadata);
  const network = present<Network>({
    name,
    uuid,
    title,
    description,
    ipv6,
    trustGuestRxFilters,
    connections,
    metadata: metadata?.elements ?? [],
    emptyMetadata: metadata?.elements.length === 0 ? true : undefined,
    metadataDeclarations: metadata?.declarations.length ? metadata.declarations : undefined,
    forward,
    bridge,
    mtu: mtu || undefined,
    mac,
    domain,
    dns,
    vlan,
    bandwidth,
    portIsolated,
    ips,
    routes,
    virtualport,
    portgroups,
    dnsmasqOptions: [],
  });
  checkModeParts(context, root, network);
  const dnsmasqOptions = readDnsmasqOptions(context, root);
  const complete = dnsmasqOptions.length > 0 ? { ...network, dnsmasqOptions } : network;
  context.origins.set(complete, root);
  return complete;
}

function readName(context: ReadContext, root: XmlElement): string {
  const element = child(root, 'name');
  if (element) checkShape(context, element, TEXT);
  const name = element ? textOf(element) : '';
  if (name === '') {
    refuse(context, element ?? root, {
      code: 'VNM006',
      message: 'the network has no name',
      hint: 'add <name>NAME</name>',
      libvirt: { code: 21, domain: FROM.network, message: 'missing name information' },
    });
  }
  if (name.includes('/') && element) {
    refuse(context, element, {
      code: 'VNM008',
      message: "the name holds '/'",
      found: name,
      hint: 'remove it',
      libvirt: xmlDetail('invalid char in name: /', FROM.xml),
    });
  }
  return name;
}

type Head = MaybeAbsent<Part<'uuid' | 'title' | 'description' | 'ipv6' | 'trustGuestRxFilters' | 'connections'>>;

function readHead(context: ReadContext, root: XmlElement): Head {
  const text = (tag: string): string | undefined => {
    const e = child(root, tag);
    if (!e) return undefined;
    checkShape(context, e, TEXT);
    return textOf(e) || undefined;
  };
  const uuidText = text('uuid');
  const uuid = uuidText === undefined ? undefined : parseUuid(uuidText);
  if (uuidText !== undefined && uuid === undefined) {
    refuse(context, child(root, 'uuid') ?? root, {
      code: 'VNM007',
      message: `'${uuidText}' is no uuid`,
      found: uuidText,
      allowed: '32 hex digits, with or without dashes',
      hint: 'correct it, or leave <uuid> out and one is made',
      libvirt: internalError('malformed uuid element'),
    });
  }
  const title = text('title');
  if (title?.includes('\n') === true) {
    refuse(context, child(root, 'title') ?? root, {
      code: 'VNM009',
      message: 'the title has more than one line',
      hint: 'write one line; <description> may have many',
      libvirt: xmlError("Network title can't contain newlines"),
    });
  }
  const description = text('description');
  const ipv6Text = textAttribute(root, 'ipv6');
  if (ipv6Text !== undefined && ipv6Text !== 'yes' && ipv6Text !== 'no') {
    badWord(context, root, 'ipv6', ['yes', 'no'], xmlError(`Invalid ipv6 setting '${ipv6Text}' in network '${context.name}'`));
  }
  const trustGuestRxFilters = readYesNo(context, root, 'trustGuestRxFilters');
  const connections = parseUnsigned(attribute(root, 'connections') ?? '');
  return {
    uuid,
    title,
    description,
    ipv6: ipv6Text === 'yes' ? true : undefined,
    trustGuestRxFilters,
    connections: context.live ? connections || undefined : undefined,
  };
}

function readPort(context: ReadContext, element: XmlElement): boolean | undefined {
  checkShape(context, element, PORT);
  return readYesNo(context, element, 'isolated');
}

function readMac(context: ReadContext, element: XmlElement): string | undefined {
  checkShape(context, element, MAC);
  const text = textAttribute(element, 'address');
  if (text === undefined) return undefined;
  const mac = parseLibvirtMac(text);
  const multicast = mac !== undefined && isMulticastMac(mac);
  if (mac === undefined || multicast) {
    refuse(context, element, {
      code: multicast ? 'VNM017' : 'VNM016',
      message: multicast ? `'${text}' is a multicast address, which no bridge has` : `'${text}' is no MAC address`,
      attribute: 'address',
      found: text,
      allowed: 'six pairs of hex digits with colons, the first byte even',
      hint: multicast ? 'use a MAC whose first byte is even' : 'write it like 52:54:00:12:34:56',
      libvirt: xmlError(`Invalid ${multicast ? 'multicast ' : ''}bridge mac address '${text}' in network '${context.name}'`),
    });
    return undefined;
  }
  if (mac === '00:00:00:00:00:00') {
    warn(context, element, {
      code: 'VNM055',
      message: 'the kernel refuses a bridge with an all-zero MAC address; the network will not start',
      attribute: 'address',
      found: text,
      hint: 'use another address, or leave <mac> out',
    });
  }
  return mac;
}

function readMtu(context: ReadContext, element: XmlElement): number | undefined {
  checkShape(context, element, MTU);
  const text = textAttribute(element, 'size');
  if (text === undefined) return undefined;
  const size = parseUnsigned(text);
  if (size === undefined) badMtu(context, element, text);
  else if (size !== 0 && (size < 68 || size > 65535)) {
    warn(context, element, {
      code: 'VNM055',
      message: `the kernel refuses an MTU of ${String(size)}; the network will not start`,
      attribute: 'size',
      found: text,
      allowed: '68 to 65535',
      hint: 'use 1500, or what the outside carries',
    });
  }
  return size;
}

/** libvirt wraps a negative MTU into a huge one; that is a deviation of ours. */
function badMtu(context: ReadContext, element: XmlElement, text: string): void {
  const wraps = /^\s*-\d+$/.test(text) && BigInt(text.trim()) >= -BigInt(UINT_MAX);
  if (!wraps) {
    badNumber(context, element, 'size', xmlError(`Invalid mtu size '${text}' in network '${context.name}'`), 'a whole number of bytes');
    return;
  }
  refuse(context, element, {
    code: 'VNM060',
    message: `'${text}' is negative`,
    attribute: 'size',
    found: text,
    allowed: '68 to 65535',
    hint: 'use 1500, or leave <mtu> out',
  });
}
