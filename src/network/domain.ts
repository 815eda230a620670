import { present } from '../base/present.ts';
import { attribute, type XmlElement } from '../xml/node.ts';
import type { XmlWriter } from '../xml/write.ts';
import { checkShape, refuse, type ReadContext, type Shape } from './context.ts';
import { unsupported } from './libvirt-error.ts';
import { checkOneLine, readYesNo } from './values.ts';

/** `<domain>`: the DNS domain of the network's guests. */
export interface Domain {
  readonly name: string;
  /** Queries for this domain are never forwarded upstream. */
  readonly localOnly?: boolean;
  /** Register the domain with systemd-resolved while the network runs (needs localOnly). */
  readonly register?: boolean;
}

const SHAPE: Shape = { attributes: ['name', 'localOnly', 'register'], children: [] };

/** Reads `<domain>`; undefined without a name. */
export function readDomain(context: ReadContext, element: XmlElement): Domain | undefined {
  checkShape(context, element, SHAPE);
  const name = attribute(element, 'name');
  checkOneLine(context, element, 'name');
  const localOnly = readYesNo(context, element, 'localOnly');
  const register = readYesNo(context, element, 'register');
  if (register === true && localOnly !== true) {
    refuse(context, element, {
      code: 'VNM033',
      message: 'a domain that is registered with the host must be local',
      attribute: 'register',
      found: 'yes',
      hint: "add localOnly='yes'",
      libvirt: unsupported(`attribute 'register=yes' in <domain> element requires 'localOnly=yes' in network ${context.name}`),
    });
  }
  if (name === undefined) return undefined;
  const domain = present<Domain>({ name, localOnly, register });
  context.origins.set(domain, element);
  return domain;
}

/** Writes `<domain>`. */
export function writeDomain(writer: XmlWriter, domain: Domain): void {
  writer.empty('domain', [
    ['name', domain.name],
    ['localOnly', domain.localOnly],
    ['register', domain.register],
  ]);
}
