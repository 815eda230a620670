import { present } from '../base/present.ts';
import { attribute, childByName, childrenByName, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, warn, type ReadContext, type Shape } from './context.ts';
import { readDhcpHost, writeDhcpHost, type DhcpHost } from './dhcp-host.ts';
import { readDhcpRange, writeDhcpRange, type DhcpPlace, type DhcpRange } from './dhcp-range.ts';
import { badSocketAddress, FROM, xmlError } from './libvirt-error.ts';
import { checkOneLine, missingAttribute, readIpAttribute } from './values.ts';

export type { DhcpHost } from './dhcp-host.ts';
export type { DhcpLease } from './dhcp-lease.ts';
export type { DhcpRange } from './dhcp-range.ts';

/** `<bootp>` of a `<dhcp>`: what guests that boot over the network load. */
export interface Bootp {
  readonly file: string;
  /** The TFTP server's name or address; absent: the host. */
  readonly server?: string;
}

/** `<dhcp>` of one `<ip>`. */
export interface Dhcp {
  readonly ranges: readonly DhcpRange[];
  readonly hosts: readonly DhcpHost[];
  readonly bootp?: Bootp;
}

const SHAPE: Shape = { attributes: [], children: ['range', 'host', 'bootp'], repeated: ['range', 'host'] };
const BOOTP: Shape = { attributes: ['file', 'server'], children: [] };

/** Reads `<dhcp>`; undefined when it holds nothing. */
export function readDhcp(context: ReadContext, element: XmlElement, place: DhcpPlace): Dhcp | undefined {
  checkShape(context, element, SHAPE);
  const ranges: DhcpRange[] = [];
  for (const e of childrenByName(element, 'range')) {
    const range = readDhcpRange(context, e, place);
    if (range) ranges.push(range);
  }
  const hosts: DhcpHost[] = [];
  for (const e of childrenByName(element, 'host')) {
    const host = readDhcpHost(context, e, place);
    if (host) hosts.push(host);
  }
  const bootpElement = childByName(element, 'bootp');
  const bootp = bootpElement && place.family === 'ipv4' ? readBootp(context, bootpElement) : undefined;
  if (ranges.length === 0 && hosts.length === 0) {
    if (bootp && bootpElement) {
      warn(context, bootpElement, {
        code: 'VNM056',
        message: '<bootp> without a range or host has no effect',
        hint: 'add a <range>, or remove <bootp>',
      });
    }
    return undefined;
  }
  const dhcp = present<Dhcp>({ ranges, hosts, bootp });
  context.origins.set(dhcp, element);
  return dhcp;
}

function readBootp(context: ReadContext, element: XmlElement): Bootp | undefined {
  checkShape(context, element, BOOTP);
  const file = attribute(element, 'file');
  if (file === undefined) {
    missingAttribute(context, element, 'file', xmlError("Missing required attribute 'file' in element 'bootp'", FROM.xml));
    return undefined;
  }
  const serverText = attribute(element, 'server');
  const server =
    serverText === undefined ? undefined : readIpAttribute(context, element, 'server', serverText, badSocketAddress(serverText))?.text;
  checkOneLine(context, element, 'file');
  const bootp = present<Bootp>({ file, server });
  context.origins.set(bootp, element);
  return bootp;
}

/** Writes `<dhcp>`. */
export function writeDhcp(writer: XmlWriter, dhcp: Dhcp): void {
  if (dhcp.ranges.length === 0 && dhcp.hosts.length === 0) return;
  writer.element('dhcp', [], () => {
    for (const range of dhcp.ranges) writeDhcpRange(writer, range);
    for (const host of dhcp.hosts) writeDhcpHost(writer, host);
    if (dhcp.bootp)
      writer.empty('bootp', [
        ['file', dhcp.bootp.file],
        ['server', dhcp.bootp.server],
      ]);
  });
}
