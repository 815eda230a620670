import { present } from '../base/present.ts';
import { attribute, children, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, type ReadContext, type Shape } from './context.ts';
import { readDnsHost, writeDnsHost, type DnsHost } from './dns-host.ts';
import { readDnsSrv, writeDnsSrv, type DnsSrv } from './dns-srv.ts';
import { readDnsTxt, writeDnsTxt, type DnsTxt } from './dns-txt.ts';
import { xmlError } from './libvirt-error.ts';
import { checkOneLine, readIpAttribute, readYesNo } from './values.ts';

export type { DnsHost } from './dns-host.ts';
export type { DnsSrv } from './dns-srv.ts';
export type { DnsTxt } from './dns-txt.ts';

/** `<forwarder>` of a `<dns>`: who is asked for names of `domain` (absent: all) that the network does not know; without `addr` the host's own servers. */
export interface DnsForwarder {
  readonly domain?: string;
  readonly addr?: string;
}

/** `<dns>`. Absent `enable` means yes. */
export interface Dns {
  readonly enable?: boolean;
  readonly forwardPlainNames?: boolean;
  readonly forwarders: readonly DnsForwarder[];
  readonly txts: readonly DnsTxt[];
  readonly srvs: readonly DnsSrv[];
  readonly hosts: readonly DnsHost[];
}

const CONTENT = ['forwarder', 'txt', 'srv', 'host'];
const SHAPE: Shape = { attributes: ['enable', 'forwardPlainNames'], children: CONTENT, repeated: CONTENT };
const FORWARDER: Shape = { attributes: ['domain', 'addr'], children: [] };

/** Reads `<dns>`; undefined when it says nothing. */
export function readDns(context: ReadContext, element: XmlElement): Dns | undefined {
  checkShape(context, element, SHAPE);
  const enable = readYesNo(context, element, 'enable');
  const forwardPlainNames = readYesNo(context, element, 'forwardPlainNames');
  const all = <T>(name: string, read: (c: ReadContext, e: XmlElement) => T | undefined): T[] => {
    const found: T[] = [];
    for (const e of children(element, name)) {
      const one = read(context, e);
      if (one !== undefined) found.push(one);
    }
    return found;
  };
  const forwarders = all('forwarder', readForwarder);
  const hosts = all('host', readDnsHost);
  const srvs = all('srv', readDnsSrv);
  const txts = all('txt', readDnsTxt);
  const content = forwarders.length + hosts.length + srvs.length + txts.length;
  if (enable === false && content > 0) {
    refuse(context, element, {
      code: 'VNM034',
      message: 'DNS is off, and there are records or forwarders for it',
      attribute: 'enable',
      found: 'no',
      hint: "remove enable='no', or what <dns> holds",
      libvirt: xmlError(`Extra data in disabled network '${context.name}'`),
    });
  }
  if (enable === undefined && forwardPlainNames === undefined && content === 0) return undefined;
  const dns = present<Dns>({
    enable,
    forwardPlainNames,
    forwarders,
    txts,
    srvs,
    hosts,
  });
  context.origins.set(dns, element);
  return dns;
}

/** Reads `<forwarder>`. */
export function readForwarder(context: ReadContext, element: XmlElement): DnsForwarder | undefined {
  checkShape(context, element, FORWARDER);
  const addrText = attribute(element, 'addr');
  const domain = attribute(element, 'domain');
  checkOneLine(context, element, 'domain');
  const addr =
    addrText === undefined
      ? undefined
      : readIpAttribute(
          context,
          element,
          'addr',
          addrText,
          xmlError(`Invalid forwarder IP address '${addrText}' in network '${context.name}'`),
        )?.text;
  if (addrText === undefined && domain === undefined) {
    refuse(context, element, {
      code: 'VNM010',
      message: '<forwarder> has neither addr nor domain',
      hint: "add addr='...', domain='...' or both",
      libvirt: xmlError('Invalid forwarder element, must contain at least one of addr or domain'),
    });
    return undefined;
  }
  const forwarder = present<DnsForwarder>({ domain, addr });
  context.origins.set(forwarder, element);
  return forwarder;
}

/** Writes `<dns>`. */
export function writeDns(writer: XmlWriter, dns: Dns): void {
  const content = dns.forwarders.length + dns.txts.length + dns.srvs.length + dns.hosts.length;
  if (dns.enable === undefined && dns.forwardPlainNames === undefined && content === 0) return;
  const attributes = [
    ['enable', dns.enable],
    ['forwardPlainNames', dns.forwardPlainNames],
  ] as const;
  writer.elementOrEmpty('dns', attributes, () => {
    for (const f of dns.forwarders)
      writer.empty('forwarder', [
        ['domain', f.domain],
        ['addr', f.addr],
      ]);
    for (const txt of dns.txts) writeDnsTxt(writer, txt);
    for (const srv of dns.srvs) writeDnsSrv(writer, srv);
    for (const host of dns.hosts) writeDnsHost(writer, host);
  });
}
