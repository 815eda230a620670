import { present } from '../base/present.ts';
import { parseIp } from '../inet/ip.ts';
import { contains } from '../inet/subnet.ts';
import { attribute, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, refusedSince, type ReadContext, type Shape } from './context.ts';
import { badFamily, badNetmask, badPrefix, bothMaskAndPrefix, subnetOf, type Ip } from './ip.ts';
import { unsupported, xmlError } from './libvirt-error.ts';
import { ipValue, missingAttribute, readIpAttribute, readUnsigned, type ReadIp } from './values.ts';

/** `<route>`: a static route through a gateway on one of the network's subnets. */
export interface Route {
  readonly family?: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly netmask?: string;
  /** Bits: 0-32, or 0-128 for IPv6. Instead of `netmask`. */
  readonly prefix?: number;
  readonly gateway: string;
  /** At least 1. */
  readonly metric?: number;
}

const SHAPE: Shape = { attributes: ['family', 'address', 'netmask', 'prefix', 'gateway', 'metric'], children: [] };

/** Reads `<route>`; undefined when it is refused. That the gateway can be reached is checked by the network. */
export function readRoute(context: ReadContext, element: XmlElement): Route | undefined {
  checkShape(context, element, SHAPE);
  const before = context.findings.length;
  const fault = (text: string): ReturnType<typeof xmlError> => xmlError(`${context.name}: ${text}`);
  const family = attribute(element, 'family');
  const addressText = attribute(element, 'address');
  const maskText = attribute(element, 'netmask');
  const gatewayText = attribute(element, 'gateway');
  const prefix = readUnsigned(context, element, 'prefix');
  const metric = readUnsigned(context, element, 'metric', { nonZero: true });
  if (addressText === undefined)
    missingAttribute(context, element, 'address', fault('Missing required address attribute in route definition'));
  if (gatewayText === undefined)
    missingAttribute(context, element, 'gateway', fault('Missing required gateway attribute in route definition'));
  const ip = (attributeName: string, text: string | undefined, words: string): ReadIp | undefined =>
    text === undefined
      ? undefined
      : readIpAttribute(context, element, attributeName, text, fault(`Bad ${words} address '${text}' in route definition`));
  const address = ip('address', addressText, 'network');
  const gateway = ip('gateway', gatewayText, 'gateway');
  const netmask = ip('netmask', maskText, 'netmask');
  const refused = (): boolean => refusedSince(context, before);
  if (!address || !gateway || refused()) return undefined;
  checkFamilies(context, element, {
    family,
    address,
    addressText: addressText ?? '',
    gateway,
    gatewayText: gatewayText ?? '',
    netmask,
    maskText: maskText ?? '',
    prefix,
  });
  if (refused()) return undefined;
  if (!isNetworkAddress(address, netmask, prefix ?? 0)) {
    refuse(context, element, {
      code: 'VNM032',
      message: `'${address.text}' has bits set behind its prefix`,
      attribute: 'address',
      found: address.text,
      hint:
        attribute(element, 'prefix') === undefined && !netmask
          ? "add prefix='...' (without one, only 0.0.0.0 and :: pass)"
          : 'write the network address',
      libvirt: fault(`Address '${addressText ?? ''}' in route definition is not a network address`),
    });
    return undefined;
  }
  const route = present<Route>({
    family: family === 'ipv4' || family === 'ipv6' ? family : undefined,
    address: address.text,
    netmask: netmask?.text,
    prefix,
    gateway: gateway.text,
    metric,
  });
  context.origins.set(route, element);
  return route;
}

interface Written {
  readonly family: string | undefined;
  readonly address: ReadIp;
  readonly addressText: string;
  readonly gateway: ReadIp;
  readonly gatewayText: string;
  readonly maskText: string;
  readonly netmask: ReadIp | undefined;
  readonly prefix: number | undefined;
}

function checkFamilies(context: ReadContext, element: XmlElement, w: Written): void {
  const fault = (text: string): ReturnType<typeof xmlError> => xmlError(`${context.name}: ${text}`);
  const wrong = (name: string, found: string, family: string, libvirt: string): void => {
    refuse(context, element, {
      code: 'VNM022',
      message: `'${found}' is no ${family} address`,
      attribute: name,
      found,
      hint: family === 'IPv4' ? "write family='ipv6' if all of the route is IPv6" : 'use addresses of one family',
      libvirt: fault(libvirt),
    });
  };
  const { address, addressText, gateway, gatewayText, prefix } = w;
  if (w.family === undefined || w.family === 'ipv4') {
    const words = w.family === undefined ? 'No family' : 'IPv4 family';
    if (address.family !== 'ipv4')
      wrong('address', address.text, 'IPv4', `${words} specified for non-IPv4 address '${addressText}' in route definition`);
    else if (gateway.family !== 'ipv4') {
      const say = w.family === undefined ? 'No family' : 'IPv4 family';
      wrong('gateway', gateway.text, 'IPv4', `${say} specified for non-IPv4 gateway '${addressText}' in route definition`);
    } else if (w.netmask && w.netmask.family !== 'ipv4')
      badNetmask(context, element, fault(`Invalid netmask '${w.maskText}' for address '${addressText}' (both must be IPv4)`));
    else if (w.netmask && prefix !== undefined)
      bothMaskAndPrefix(context, element, fault('Route definition cannot have both a prefix and a netmask'));
    else if (prefix !== undefined && prefix > 32)
      badPrefix(context, element, prefix, 32, fault(`Invalid prefix ${String(prefix)} specified in route definition, must be 0 - 32`));
  } else if (w.family === 'ipv6') {
    if (address.family !== 'ipv6')
      wrong('address', address.text, 'IPv6', `ipv6 family specified for non-IPv6 address '${addressText}' in route definition`);
    else if (w.netmask) {
      refuse(context, element, {
        code: 'VNM030',
        message: 'an IPv6 route has a prefix, not a netmask',
        attribute: 'netmask',
        found: w.netmask.text,
        hint: "write prefix='64'",
        libvirt: fault(`Specifying netmask invalid for IPv6 address '${addressText}' in route definition`),
      });
    } else if (gateway.family !== 'ipv6')
      wrong('gateway', gateway.text, 'IPv6', `ipv6 specified for non-IPv6 gateway address '${gatewayText}' in route definition`);
    else if (prefix !== undefined && prefix > 128)
      badPrefix(context, element, prefix, 128, fault(`Invalid prefix ${String(prefix)} specified in route definition, must be 0 - 128`));
  } else badFamily(context, element, w.family, fault(`Unrecognized family '${w.family}' in route definition`));
}

function isNetworkAddress(address: ReadIp, netmask: ReadIp | undefined, prefix: number): boolean {
  const { value } = ipValue(address.text);
  if (netmask) return (value & ipValue(netmask.text).value) === value;
  const hostBits = BigInt((address.family === 'ipv4' ? 32 : 128) - prefix);
  return (value >> hostBits) << hostBits === value;
}

/** The prefix length that the route has: as written, the netmask's, or 0 (only the default route goes without). Undefined for a netmask with holes. */
export function routePrefix(route: Route): number | undefined {
  if (route.netmask === undefined) return route.prefix ?? 0;
  const mask = parseIp(route.netmask)?.value ?? 0n;
  const ones = mask.toString(2).padStart(32, '0').lastIndexOf('1') + 1;
  return (0xffffffffn << BigInt(32 - ones)) % 0x1_0000_0000n === mask ? ones : undefined;
}

/** Writes `<route>`. */
export function writeRoute(writer: XmlWriter, route: Route): void {
  writer.empty('route', [
    ['family', route.family],
    ['address', route.address],
    ['netmask', route.netmask],
    ['prefix', route.prefix],
    ['gateway', route.gateway],
    ['metric', route.metric],
  ]);
}

/** Refuses routes whose gateway is on none of the network's subnets. `unknown`: an `<ip>` was refused, so nothing can be said. */
export function checkGateways(context: ReadContext, routes: readonly Route[], ips: readonly Ip[], unknown: boolean): void {
  if (unknown) return;
  for (const route of routes) {
    const gateway = ipValue(route.gateway);
    const subnets = ips.map((ip) => subnetOf(ip));
    const element = context.origins.get(route);
    if (!element || subnets.some((subnet) => subnet && contains(subnet, gateway))) continue;
    refuse(context, element, {
      code: 'VNM053',
      message: `gateway ${route.gateway} is on none of the network's subnets`,
      attribute: 'gateway',
      found: route.gateway,
      hint: 'use an address of a guest that routes, on a subnet of this network',
      libvirt: unsupported(`unreachable static route gateway '${route.gateway}' specified for network '${context.name}'`),
    });
  }
}
