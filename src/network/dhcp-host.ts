import { present } from '../base/present.ts';
import { isMulticastMac } from '../inet/mac.ts';
import { attribute, childByName, type XmlElement } from '../xml/node.ts';
import { emptyElement, type XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, refusedSince, type ReadContext, type Shape } from './context.ts';
import type { DhcpPlace } from './dhcp-range.ts';
import { readLease, writeLease, type DhcpLease } from './dhcp-lease.ts';
import { xmlError } from './libvirt-error.ts';
import { missingAttribute, parseLibvirtMac, readIpAttribute } from './values.ts';

/** A fixed host. IPv4: mac or name; IPv6: id (DUID) or name. `mac` keeps the case it was written in. */
export interface DhcpHost {
  readonly mac?: string;
  readonly id?: string;
  readonly name?: string;
  readonly ip: string;
  readonly lease?: DhcpLease;
}

/** A fixed host as a fragment of an update may name it: any of its parts, `ip` too, may be absent. */
export type DhcpHostMatch = Partial<DhcpHost>;

const SHAPE: Shape = { attributes: ['mac', 'id', 'name', 'ip'], children: ['lease'] };

/** Reads `<host>` of a `<dhcp>`. */
export function readDhcpHost(context: ReadContext, element: XmlElement, place: Pick<DhcpPlace, 'family'>): DhcpHost | undefined {
  const before = context.findings.length;
  const host = readParts(context, element, place);
  const { mac, id, name } = host;
  if (place.family === 'ipv6') {
    if (id === undefined && name === undefined) unnamed(context, element, 'IPv6', 'id or name');
  } else if (mac === undefined && name === undefined) unnamed(context, element, 'IPv4', 'mac or name');
  if (attribute(element, 'ip') === undefined) {
    missingAttribute(context, element, 'ip', xmlError(`Missing IP address in static host definition for network '${context.name}'`));
  }
  const lease = readHostLease(context, element);
  if (host.ip === undefined || refusedSince(context, before)) return undefined;
  const complete = lease ? { ...host, ip: host.ip, lease } : { ...host, ip: host.ip };
  context.origins.set(complete, element);
  return complete;
}

/** Reads the `<host>` of an update that deletes or modifies: one of mac, name and ip is enough. */
export function readDhcpHostMatch(context: ReadContext, element: XmlElement, place: Pick<DhcpPlace, 'family'>): DhcpHostMatch | undefined {
  const before = context.findings.length;
  const host = readParts(context, element, place);
  const given = (name: string): boolean => attribute(element, name) !== undefined;
  if (!given('mac') && !given('name') && !given('ip')) {
    refuse(context, element, {
      code: 'VNM010',
      message: '<host> names none of mac, name and ip',
      hint: 'give at least one of them',
      libvirt: xmlError(
        `At least one of name, mac, or ip attribute must be specified for static host definition in network '${context.name}'`,
      ),
    });
  }
  const lease = readHostLease(context, element);
  if (refusedSince(context, before)) return undefined;
  return lease ? { ...host, lease } : host;
}

function readHostLease(context: ReadContext, element: XmlElement): DhcpLease | undefined {
  const lease = childByName(element, 'lease');
  return lease && readLease(context, lease);
}

function unnamed(context: ReadContext, element: XmlElement, family: string, needed: string): void {
  refuse(context, element, {
    code: 'VNM028',
    message: `an ${family} host needs ${needed} to be known by`,
    hint: `add ${needed.replace(' or ', "='...' or ")}='...'`,
    libvirt: xmlError(`Static host definition in ${family} network '${context.name}' must have ${needed} attribute`),
  });
}

function readParts(context: ReadContext, element: XmlElement, place: Pick<DhcpPlace, 'family'>): DhcpHostMatch {
  checkShape(context, element, SHAPE);
  const mac = attribute(element, 'mac');
  if (mac !== undefined) checkMac(context, element, mac, place);
  const id = attribute(element, 'id');
  if (id !== undefined) checkId(context, element, id);
  const name = attribute(element, 'name');
  if (name !== undefined) checkName(context, element, name);
  const ipText = attribute(element, 'ip');
  const ip =
    ipText === undefined
      ? undefined
      : readIpAttribute(
          context,
          element,
          'ip',
          ipText,
          xmlError(`Invalid IP address in static host definition for network '${context.name}'`),
        )?.text;
  return present<DhcpHostMatch>({ mac, id, name, ip });
}

function checkMac(context: ReadContext, element: XmlElement, mac: string, place: Pick<DhcpPlace, 'family'>): void {
  if (place.family === 'ipv6') {
    refuse(context, element, {
      code: 'VNM029',
      message: 'an IPv6 host is known by id or name, not by its MAC address',
      attribute: 'mac',
      found: mac,
      hint: "write id='...' (the DUID) or name='...' instead of mac",
      libvirt: xmlError(`Invalid to specify MAC address '${mac}' in network '${context.name}' IPv6 static host definition`),
    });
    return;
  }
  const canonical = parseLibvirtMac(mac);
  if (canonical === undefined) {
    refuse(context, element, {
      code: 'VNM016',
      message: `'${mac}' is no MAC address`,
      attribute: 'mac',
      found: mac,
      allowed: 'six pairs of hex digits with colons',
      hint: 'write it like 52:54:00:12:34:56',
      libvirt: xmlError(`Cannot parse MAC address '${mac}' in network '${context.name}'`),
    });
  } else if (isMulticastMac(canonical)) {
    refuse(context, element, {
      code: 'VNM017',
      message: `'${mac}' is a multicast address, which no card has`,
      attribute: 'mac',
      found: mac,
      hint: 'use a MAC whose first byte is even',
      libvirt: xmlError(`expected unicast mac address, found multicast '${mac}' in network '${context.name}'`),
    });
  }
}

function checkId(context: ReadContext, element: XmlElement, id: string): void {
  const bad = /[^0-9a-fA-F:]/u.exec(id)?.[0];
  if (bad === undefined) return;
  refuse(context, element, {
    code: 'VNM018',
    message: `'${bad}' may not stand in an id`,
    attribute: 'id',
    found: id,
    allowed: 'hex digits and colons',
    hint: 'write the DUID like 0:3:0:1:52:54:0:12:34:56',
    libvirt: xmlError(`Invalid character '${bad}' in id '${id}' of network '${context.name}'`),
  });
}

function checkName(context: ReadContext, element: XmlElement, name: string): void {
  const bad = /[\s,&<>'"]/.exec(name)?.[0];
  if (/^[0-9A-Za-z]/.test(name)) {
    if (bad === undefined) return;
    refuse(context, element, {
      code: 'VNM061',
      message: `'${bad}' may not stand in a host name`,
      attribute: 'name',
      found: name,
      hint: 'use letters, digits, dashes and dots',
    });
    return;
  }
  refuse(context, element, {
    code: 'VNM019',
    message: `'${name}' is no host name: it does not start with a letter or digit`,
    attribute: 'name',
    found: name,
    hint: 'use letters, digits, dashes and dots',
    libvirt: xmlError(`Cannot use host name '${name}' in network '${context.name}'`),
  });
}

/** The elements of hosts without a lease time: a network may have 10,000, and all but one are what they were when it was last written. */
const written = new WeakMap<DhcpHost, string>();

/** Writes `<host>` of a `<dhcp>`. */
export function writeDhcpHost(writer: XmlWriter, host: DhcpHost): void {
  const { mac, id, name, ip, lease } = host;
  const attributes = [
    ['mac', mac],
    ['id', id],
    ['name', name],
    ['ip', ip],
  ] as const;
  if (lease) {
    writer.element('host', attributes, () => {
      writeLease(writer, lease);
    });
    return;
  }
  const text = written.get(host) ?? emptyElement('host', attributes);
  written.set(host, text);
  writer.raw(text);
}
