import { attribute, type XmlElement } from '../../xml/node.ts';
import type { Result } from '../../base/diagnostic.ts';
import { refuse as refuseAt, type ReadContext } from '../context.ts';
import { readDhcpRange } from '../dhcp-range.ts';
import { readDhcpHost, readDhcpHostMatch } from '../dhcp-host.ts';
import { readDnsHost, readDnsHostMatch } from '../dns-host.ts';
import { readDnsSrv, readDnsSrvMatch } from '../dns-srv.ts';
import { readDnsTxt, readDnsTxtMatch } from '../dns-txt.ts';
import { subnetOf } from '../ip.ts';
import { xmlError } from '../libvirt-error.ts';
import type { Network } from '../network.ts';
import { readPortGroup } from '../portgroup.ts';
import { ipValue } from '../values.ts';
import { updateDhcpHost } from './dhcp-host.ts';
import { updateDhcpRange } from './dhcp-range.ts';
import { updateDnsHost, updateDnsSrv, updateDnsTxt } from './dns.ts';
import { familyOf, findIp } from './find-ip.ts';
import { updateForwardInterface } from './forward-interface.ts';
import { updatePortGroup } from './portgroup.ts';
import { refusal, refuse, unknownCommand } from './refusal.ts';
import type { LibvirtSection, UpdateCommand } from './request.ts';

/** A change on its way into a section: the fragment is read where the section says so, its faults go to `context`. */
export interface SectionUpdate {
  readonly network: Network;
  readonly command: UpdateCommand | number;
  readonly parentIndex: number;
  readonly element: XmlElement;
  readonly context: ReadContext;
}

/** Undefined: the fragment was refused, the reasons are in the context. */
export type Outcome = Result<Network> | undefined;

/** The sections that libvirt changes, each in its order of checks. */
export const sections: Readonly<Partial<Record<LibvirtSection, (update: SectionUpdate) => Outcome>>> = {
  'ip-dhcp-host': (update) => {
    const { network, command, element, context } = update;
    const wrong = checkName(update, 'host');
    if (wrong) return wrong;
    const index = findIp(network, update.parentIndex);
    if (!index.ok) return index;
    const place = placeOf(network, index.value);
    const host = command === 'delete' ? readDhcpHostMatch(context, element, place) : readDhcpHost(context, element, place);
    if (!host) return undefined;
    return updateDhcpHost(network, index.value, command, host);
  },
  'ip-dhcp-range': (update) => {
    const { network, command, element, context } = update;
    const wrong = checkName(update, 'range');
    if (wrong) return wrong;
    const index = findIp(network, update.parentIndex);
    if (!index.ok) return index;
    if (command === 'modify') return neverModified('dhcp ranges');
    const range = readDhcpRange(context, element, placeOf(network, index.value));
    if (!range || context.findings.some((f) => f.severity === 'error')) return undefined;
    if (typeof command === 'number') return unknownCommand(command);
    return updateDhcpRange(network, index.value, command, range);
  },
  'forward-interface': (update) => {
    const { network, command, element, context } = update;
    const wrong = checkName(update, 'interface');
    if (wrong) return wrong;
    if (command === 'modify') return neverModified('forward interface entries');
    const dev = attribute(element, 'dev');
    if (dev === undefined) {
      refuseAt(context, element, {
        code: 'VNM010',
        message: "<interface> has no attribute 'dev'",
        hint: "add dev='...'",
        libvirt: xmlError('missing dev attribute in <interface> element'),
      });
      return undefined;
    }
    if (typeof command === 'number') return unknownCommand(command);
    return updateForwardInterface(network, command, { dev });
  },
  portgroup: (update) => {
    const { network, command, element, context } = update;
    const wrong = checkName(update, 'portgroup');
    if (wrong) return wrong;
    const group = readPortGroup(context, element);
    if (!group || context.findings.some((f) => f.severity === 'error')) return undefined;
    return updatePortGroup(network, command, group);
  },
  'dns-host': (update) => {
    const { network, command, element, context } = update;
    const wrong = checkName(update, 'host');
    if (wrong) return wrong;
    const host = adds(command) ? readDnsHost(context, element) : readDnsHostMatch(context, element);
    if (!host) return undefined;
    if (typeof command === 'number') return unknownCommand(command);
    return updateDnsHost(network, command, host);
  },
  'dns-txt': (update) => {
    const { network, command, element, context } = update;
    const wrong = checkName(update, 'txt');
    if (wrong) return wrong;
    const txt = adds(command) ? readDnsTxt(context, element) : readDnsTxtMatch(context, element);
    if (!txt) return undefined;
    if (typeof command === 'number') return unknownCommand(command);
    return updateDnsTxt(network, command, txt);
  },
  'dns-srv': (update) => {
    const { network, command, element, context } = update;
    if (command === 'modify') return neverModified('DNS SRV records');
    const wrong = checkName(update, 'srv');
    if (wrong) return wrong;
    const srv = adds(command) ? readDnsSrv(context, element) : readDnsSrvMatch(context, element);
    if (!srv) return undefined;
    if (typeof command === 'number') return unknownCommand(command);
    return updateDnsSrv(network, command, srv);
  },
};

const adds = (command: UpdateCommand | number): boolean => command === 'add-first' || command === 'add-last';

function placeOf(network: Network, index: number) {
  const ip = network.ips[index];
  if (!ip) throw new RangeError(`no ip ${String(index)}`);
  return { family: familyOf(ip), address: ipValue(ip.address), subnet: subnetOf(ip) };
}

/** Refuses a fragment that is another element than the section holds (VNE003). */
export function checkName({ network, element }: Pick<SectionUpdate, 'network' | 'element'>, expected: string): Result<never> | undefined {
  if (element.local === expected) return undefined;
  return refuse(
    refusal(
      'VNE003',
      `the fragment is a <${element.name}>, the section holds <${expected}>`,
      27,
      `unexpected element <${element.local}>, expecting <${expected}>, while updating network '${network.name}'`,
      'use the section that the element belongs to',
    ),
  );
}

function neverModified(what: string): Result<never> {
  return refuse(
    refusal(
      'VNE010',
      `${what} cannot be modified`,
      84,
      `${what} cannot be modified, only added or deleted`,
      'delete the old one and add the new one',
    ),
  );
}
