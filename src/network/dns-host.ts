import { attribute, childrenByName, textOf, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, refusedSince, type ReadContext, type Shape } from './context.ts';
import { xmlDetail } from './libvirt-error.ts';
import { missingAttribute, readIpAttribute } from './values.ts';

/** `<host>` of a `<dns>`: the names of an address. */
export interface DnsHost {
  readonly ip: string;
  readonly hostnames: readonly string[];
}

/** A host record as a fragment of an update may name it: ip or hostnames may be absent. */
export interface DnsHostMatch {
  readonly ip?: string;
  readonly hostnames: readonly string[];
}

const SHAPE: Shape = { attributes: ['ip'], children: ['hostname'], repeated: ['hostname'] };
const HOSTNAME: Shape = { attributes: [], children: [], text: true };

/** Reads `<host>` of a `<dns>`; undefined when it is refused. */
export function readDnsHost(context: ReadContext, element: XmlElement): DnsHost | undefined {
  const host = read(context, element, false);
  if (host?.ip === undefined) return undefined;
  context.origins.set(host, element);
  return host as DnsHost;
}

/** Reads the `<host>` of an update that deletes or modifies: ip or one hostname is enough. */
export function readDnsHostMatch(context: ReadContext, element: XmlElement): DnsHostMatch | undefined {
  return read(context, element, true);
}

function read(context: ReadContext, element: XmlElement, partial: boolean): DnsHostMatch | undefined {
  checkShape(context, element, SHAPE);
  const before = context.findings.length;
  const hostnames: string[] = [];
  for (const e of childrenByName(element, 'hostname')) {
    checkShape(context, e, HOSTNAME);
    const name = textOf(e);
    if (name === '') noHostname(context, e);
    else hostnames.push(name);
    checkHostname(context, e, name);
  }
  if (hostnames.length === 0 && !partial) noHostname(context, element);
  const ipText = attribute(element, 'ip');
  if (ipText === undefined && !partial) {
    missingAttribute(context, element, 'ip', xmlDetail(`Missing IP address in network '${context.name}' DNS HOST record`));
  }
  const ip =
    ipText === undefined
      ? undefined
      : readIpAttribute(context, element, 'ip', ipText, xmlDetail(`Invalid IP address in network '${context.name}' DNS HOST record`))?.text;
  if (refusedSince(context, before)) return undefined;
  if (hostnames.length === 0 && ip === undefined) {
    refuse(context, element, {
      code: 'VNM010',
      message: '<host> has neither ip nor hostname',
      hint: "add ip='...' or a <hostname>",
      libvirt: xmlDetail(`Missing ip and hostname in network '${context.name}' DNS HOST record`),
    });
    return undefined;
  }
  return ip === undefined ? { hostnames } : { ip, hostnames };
}

/** A blank or comma would make dnsmasq read another line than was meant. */
function checkHostname(context: ReadContext, element: XmlElement, name: string): void {
  const bad = /[\s,]/.exec(name)?.[0];
  if (bad === undefined) return;
  refuse(context, element, {
    code: 'VNM062',
    message: bad === ',' ? "',' may not stand in a host name" : 'white space may not stand in a host name',
    found: name,
    hint: 'write one <hostname> for each name',
  });
}

function noHostname(context: ReadContext, element: XmlElement): void {
  refuse(context, element, {
    code: 'VNM010',
    message: element.name === 'host' ? '<host> has no hostname' : '<hostname> is empty',
    hint: 'write <hostname>NAME</hostname>',
    libvirt: xmlDetail(`Missing hostname in network '${context.name}' DNS HOST record`),
  });
}

/** Writes `<host>` of a `<dns>`. */
export function writeDnsHost(writer: XmlWriter, host: DnsHost): void {
  writer.element('host', [['ip', host.ip]], () => {
    for (const name of host.hostnames) writer.text('hostname', name);
  });
}
