import { present } from '../base/present.ts';
import { longerThanBytes } from '../base/utf8.ts';
import { attribute, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, refusedSince, warn, type ReadContext, type Shape } from './context.ts';
import { xmlDetail } from './libvirt-error.ts';
import { badNumber, checkOneLine, missingAttribute, parseUnsigned, textAttribute } from './values.ts';

/** `<srv>` of a `<dns>` (RFC 2782): who serves what. Without `target` nobody does. */
export interface DnsSrv {
  readonly service: string;
  readonly protocol: string;
  readonly domain?: string;
  readonly target?: string;
  /** 1-65535. */
  readonly port?: number;
  /** 0-65535. */
  readonly priority?: number;
  /** 0-65535. */
  readonly weight?: number;
}

/** An SRV record as a fragment of an update may name it. */
export type DnsSrvMatch = Partial<DnsSrv>;

const SHAPE: Shape = { attributes: ['service', 'protocol', 'domain', 'target', 'port', 'priority', 'weight'], children: [] };

/** Reads `<srv>`; undefined when it is refused. */
export function readDnsSrv(context: ReadContext, element: XmlElement): DnsSrv | undefined {
  const srv = read(context, element, false);
  if (srv) context.origins.set(srv, element);
  return srv as DnsSrv | undefined;
}

/** Reads the `<srv>` of an update that deletes or modifies: any part may be absent. */
export function readDnsSrvMatch(context: ReadContext, element: XmlElement): DnsSrvMatch | undefined {
  return read(context, element, true);
}

function read(context: ReadContext, element: XmlElement, partial: boolean): DnsSrvMatch | undefined {
  checkShape(context, element, SHAPE);
  const before = context.findings.length;
  const service = attribute(element, 'service');
  const protocol = attribute(element, 'protocol');
  if (service !== undefined) checkService(context, element, service);
  else if (!partial) {
    missingAttribute(
      context,
      element,
      'service',
      xmlDetail(`missing required service attribute in DNS SRV record of network '${context.name}'`),
    );
  }
  if (protocol !== undefined) checkProtocol(context, element, protocol);
  else if (!partial) {
    const libvirt = xmlDetail(`missing required protocol attribute in DNS SRV record '${service ?? ''}' of network '${context.name}'`);
    missingAttribute(context, element, 'protocol', libvirt);
  }
  const target = attribute(element, 'target');
  const domain = attribute(element, 'domain');
  checkOneLine(context, element, 'target');
  checkOneLine(context, element, 'domain');
  const number = (name: string, least: number): number | undefined =>
    readNumber(context, element, name, least, service ?? '(null)', target !== undefined);
  const port = number('port', 1);
  const priority = number('priority', 0);
  const weight = number('weight', 0);
  if (refusedSince(context, before)) return undefined;
  return present<DnsSrvMatch>({
    service,
    protocol,
    domain,
    target,
    port,
    priority: priority || undefined,
    weight: weight || undefined,
  });
}

/** dnsmasq's buffer for the service of a record, less what it adds. */
const SERVICE_MAX = 482;

function checkService(context: ReadContext, element: XmlElement, service: string): void {
  if (longerThanBytes(service, SERVICE_MAX)) {
    refuse(context, element, {
      code: 'VNM012',
      message: `the service of an SRV record is longer than ${String(SERVICE_MAX)} bytes`,
      attribute: 'service',
      found: service,
      allowed: `at most ${String(SERVICE_MAX)} bytes`,
      hint: 'shorten it',
      libvirt: xmlDetail(`service attribute '${service}' in network '${context.name}' is too long, limit is ${String(SERVICE_MAX)} bytes`),
    });
  } else if (/[^A-Za-z0-9_\-+/*]/.test(service)) {
    refuse(context, element, {
      code: 'VNM035',
      message: 'the service of an SRV record holds a forbidden character',
      attribute: 'service',
      found: service,
      allowed: 'letters, digits and _ - + / *',
      hint: 'write the bare service name, without underscore and domain',
      libvirt: xmlDetail(`invalid character in service attribute '${service}' in DNS SRV record of network '${context.name}'`),
    });
  }
}

function checkProtocol(context: ReadContext, element: XmlElement, protocol: string): void {
  if (/[^A-Za-z0-9\-+/]/.test(protocol)) {
    refuse(context, element, {
      code: 'VNM035',
      message: 'the protocol of an SRV record holds a forbidden character',
      attribute: 'protocol',
      found: protocol,
      allowed: 'letters, digits and - + /',
      hint: 'write tcp or udp',
      libvirt: xmlDetail(`invalid character in protocol attribute '${protocol}' in DNS SRV record of network '${context.name}'`),
    });
  } else if (protocol !== 'tcp' && protocol !== 'udp') {
    warn(context, element, {
      code: 'VNM036',
      message: `'${protocol}' is no protocol that clients ask SRV records for`,
      attribute: 'protocol',
      found: protocol,
      allowed: 'tcp, udp',
      hint: 'write tcp or udp, in lower case and without underscore',
    });
  }
}

function readNumber(
  context: ReadContext,
  element: XmlElement,
  name: string,
  least: number,
  service: string,
  hasTarget: boolean,
): number | undefined {
  const text = textAttribute(element, name);
  if (text === undefined) return undefined;
  const value = parseUnsigned(text, 0xffff);
  const say = `${name === 'priority' ? 'Invalid' : 'invalid'} DNS SRV ${name} attribute for service '${service}' in network '${context.name}'`;
  if (parseUnsigned(text) !== undefined && !hasTarget) {
    refuse(context, element, {
      code: 'VNM037',
      message: `${name} without target has no meaning`,
      attribute: name,
      found: text,
      hint: `add target='...', or remove ${name}`,
      libvirt: xmlDetail(`DNS SRV ${name} attribute not permitted without target for service '${service}' in network '${context.name}'`),
    });
    return undefined;
  }
  if (value === undefined || value < least) {
    badNumber(context, element, name, xmlDetail(say), `a number from ${String(least)} to 65535`);
    return undefined;
  }
  return value;
}

/** Writes `<srv>`. */
export function writeDnsSrv(writer: XmlWriter, srv: DnsSrv): void {
  writer.empty('srv', [
    ['service', srv.service],
    ['protocol', srv.protocol],
    ['domain', srv.domain],
    ['target', srv.target],
    ['port', srv.port],
    ['priority', srv.priority || undefined],
    ['weight', srv.weight || undefined],
  ]);
}
