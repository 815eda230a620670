import type { Result } from '../../base/diagnostic.ts';
import { attribute, child, textOf, type XmlElement } from '../../xml/node.ts';
import { readBandwidth } from '../bandwidth.ts';
import { readBridge } from '../bridge.ts';
import { refuse as refuseAt, type ReadContext } from '../context.ts';
import { readForwarder } from '../dns.ts';
import { readDomain } from '../domain.ts';
import { ISOLATED, readForward } from '../forward.ts';
import { readIp, type Ip } from '../ip.ts';
import { isManaged, type Network } from '../network.ts';
import { readRoute } from '../route.ts';
import { readUnsigned, readYesNo } from '../values.ts';
import { readVirtualPort } from '../virtualport.ts';
import { readVlan } from '../vlan.ts';
import { withDns } from './dns.ts';
import { inserted, replacedAt, withoutAt } from './list.ts';
import { done, ours, refuse } from './refusal.ts';
import type { UpdateCommand } from './request.ts';

/** Sections that virtnet changes beyond libvirt, with the element of each. */
export const extendedSections = {
  bridge: 'bridge',
  domain: 'domain',
  forward: 'forward',
  ip: 'ip',
  mtu: 'mtu',
  bandwidth: 'bandwidth',
  vlan: 'vlan',
  virtualport: 'virtualport',
  port: 'port',
  route: 'route',
  title: 'title',
  description: 'description',
  'dns-forwarder': 'forwarder',
} as const;

/** A section that only virtnet changes. */
export type ExtendedSection = keyof typeof extendedSections;

/** The sections that hold one element: how it is read, and the field of the network that it becomes. */
const SINGLE: Readonly<
  Partial<Record<ExtendedSection, (c: ReadContext, e: XmlElement, network: Network) => Partial<Network> | undefined>>
> = {
  // A bridge that is only to be changed keeps its name.
  bridge: (c, e, network) => ({
    bridge: { ...(network.bridge?.name === undefined ? {} : { name: network.bridge.name }), ...readBridge(c, e) },
  }),
  domain: (c, e) => part('domain', readDomain(c, e)),
  forward: (c, e) => part('forward', readForward(c, e)),
  mtu: (c, e) => part('mtu', readUnsigned(c, e, 'size', { required: true, nonZero: true })),
  bandwidth: (c, e) => part('bandwidth', readBandwidth(c, e)),
  vlan: (c, e) => part('vlan', readVlan(c, e)),
  virtualport: (c, e) => part('virtualport', readVirtualPort(c, e, { typeRequired: true })),
  port: (c, e) => part('portIsolated', readYesNo(c, e, 'isolated')),
  title: (_, e) => part('title', textOf(e)),
  description: (_, e) => part('description', textOf(e)),
};

const FIELD: Readonly<Partial<Record<ExtendedSection, keyof Network>>> = { port: 'portIsolated' };

function part<K extends keyof Network>(field: K, value: Network[K] | undefined): Partial<Network> | undefined {
  return value === undefined ? undefined : ({ [field]: value } as Partial<Network>);
}

/**
 * Changes a section that libvirt does not. Of the sections with one element `add` puts it where there is none, `modify` replaces it whole
 * (a bridge keeps its name) and `delete` takes it away; an `<ip>` is known by its address, a route by address and gateway, a forwarder
 * by all it says. Undefined: the fragment was refused, the reasons are in the context.
 */
export function updateExtended(
  network: Network,
  section: ExtendedSection,
  command: UpdateCommand,
  element: XmlElement,
  context: ReadContext,
): Result<Network> | undefined {
  switch (section) {
    case 'ip': {
      const ip = command === 'delete' && !child(element, 'dhcp') ? addressOnly(element) : readIp(context, element);
      if (!ip || failed(context)) return undefined;
      return changeList(network, command, ip, {
        list: network.ips,
        isSame: (a, b) => a.address === b.address,
        what: `ip ${ip.address}`,
        put: (ips) => ({ ...network, ips }),
      });
    }
    case 'route': {
      const route = readRoute(context, element);
      if (!route || failed(context)) return undefined;
      return changeList(network, command, route, {
        list: network.routes,
        isSame: (a, b) => a.address === b.address && a.gateway === b.gateway,
        what: `route to ${route.address}`,
        put: (routes) => ({ ...network, routes }),
      });
    }
    case 'dns-forwarder': {
      const forwarder = readForwarder(context, element);
      if (!forwarder || failed(context)) return undefined;
      return changeList(network, command, forwarder, {
        list: network.dns?.forwarders ?? [],
        isSame: (a, b) => a.domain === b.domain && (command === 'modify' || a.addr === b.addr),
        what: 'forwarder',
        put: (forwarders) => {
          const changed = withDns(network, { forwarders });
          return changed.ok ? changed.value : network;
        },
      });
    }
    default:
      return changeSingle(network, section, command, element, context);
  }
}

/** What an `<ip>` that is to be deleted is known by: it need not be one that could be added. */
function addressOnly(element: XmlElement): Ip {
  return { address: attribute(element, 'address') ?? '' } as Ip;
}

function changeSingle(network: Network, section: ExtendedSection, command: UpdateCommand, element: XmlElement, context: ReadContext) {
  const field = FIELD[section] ?? (section as keyof Network);
  const there = section === 'forward' ? network.forward.mode !== 'none' : network[field] !== undefined;
  if (command !== 'modify' && command !== 'delete' && there) {
    return refuse(ours('VNE004', `network '${network.name}' has <${element.name}> already`, 'modify it instead'));
  }
  if ((command === 'modify' || command === 'delete') && !there) {
    return refuse(ours('VNE005', `network '${network.name}' has no <${element.name}>`, 'add it instead'));
  }
  if (command === 'delete') {
    if (section === 'bridge' && isManaged(network)) {
      return refuse(ours('VNE010', `a network of mode '${network.forward.mode}' always has a bridge`, 'modify it instead'));
    }
    if (section === 'forward') return done({ ...network, forward: ISOLATED });
    const { [field]: _gone, ...rest } = network;
    return done(rest as Network);
  }
  const change = SINGLE[section]?.(context, element, network);
  if (failed(context)) return undefined;
  if (change === undefined) {
    refuseAt(context, element, { code: 'VNE003', message: `<${element.name}> says nothing`, hint: 'delete the section instead' });
    return undefined;
  }
  return done({ ...network, ...change });
}

/** A section that holds a list. */
interface ListSection<T> {
  readonly list: readonly T[];
  readonly isSame: (a: T, b: T) => boolean;
  /** The entry in words. */
  readonly what: string;
  /** The network with another list. */
  readonly put: (list: readonly T[]) => Network;
}

function changeList<T>(network: Network, command: UpdateCommand, entry: T, { list, isSame, what, put }: ListSection<T>): Result<Network> {
  const at = list.findIndex((old) => isSame(old, entry));
  if (command === 'add-first' || command === 'add-last') {
    if (at >= 0) return refuse(ours('VNE004', `network '${network.name}' has ${what} already`, 'modify it instead'));
    return done(put(inserted(list, entry, command)));
  }
  if (at < 0) return refuse(ours('VNE005', `network '${network.name}' has no such ${what}`));
  return done(put(command === 'delete' ? withoutAt(list, at) : replacedAt(list, at, entry)));
}

function failed(context: ReadContext): boolean {
  return context.findings.some((f) => f.severity === 'error');
}
