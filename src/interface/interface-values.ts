import { isMulticastMac } from '../inet/mac.ts';
import { badNumber, badWord, parseLibvirtMac, parseUnsigned } from '../network/values.ts';
import { refuse, warn, type ReadContext } from '../network/context.ts';
import { unsupported, xmlError } from '../network/libvirt-error.ts';
import { attribute, type XmlElement } from '../xml/node.ts';
import { FROM_DOMAIN } from './interface-source.ts';

/** Reads `<mac address=>` of a guest: unicast. */
export function readGuestMac(context: ReadContext, element: XmlElement): string | undefined {
  const text = attribute(element, 'address');
  if (text === undefined) return undefined;
  const mac = parseLibvirtMac(text);
  if (mac !== undefined && !isMulticastMac(mac)) return mac;
  refuse(context, element, {
    code: 'VNI104',
    message: mac === undefined ? `'${text}' is no MAC address` : `'${text}' is a multicast address, which no card has`,
    attribute: 'address',
    found: text,
    hint: mac === undefined ? 'write it like 52:54:00:12:34:56' : 'use a MAC whose first byte is even',
    libvirt: xmlError(
      mac === undefined ? `unable to parse mac address '${text}'` : `expected unicast mac address, found multicast '${text}'`,
      FROM_DOMAIN,
    ),
  });
  return undefined;
}

/** Prefixes of names that libvirt gives itself; in a guest's document they are left-overs of another run. */
const GENERATED = ['vnet', 'macvtap', 'macvlan'];

/** Reads `<target dev=>`; a name that libvirt made up is left out. */
export function readTarget(context: ReadContext, element: XmlElement): string | undefined {
  const dev = attribute(element, 'dev');
  if (dev === undefined || !GENERATED.some((prefix) => dev.startsWith(prefix))) return dev;
  warn(context, element, {
    code: 'VNI105',
    message: `'${dev}' is a name that libvirt gives itself; another one is chosen`,
    attribute: 'dev',
    found: dev,
    hint: `remove <target>, or use a name that does not start with ${GENERATED.join(', ')}`,
  });
  return undefined;
}

/** Reads `<model type=>`: letters, digits, dash and underscore. */
export function readModel(context: ReadContext, element: XmlElement): string | undefined {
  const text = attribute(element, 'type');
  if (text === undefined || /^[A-Za-z0-9_-]*$/.test(text)) return text;
  refuse(context, element, {
    code: 'VNI106',
    message: `'${text}' is no name of a network card`,
    attribute: 'type',
    found: text,
    allowed: 'letters, digits, - and _',
    hint: 'use virtio, e1000e or another model that the hypervisor knows',
    libvirt: { code: 8, domain: FROM_DOMAIN, message: 'invalid argument: Model name contains invalid characters' },
  });
  return undefined;
}

/** Reads `<mtu size=>` in bytes; 0 is none. */
export function readMtu(context: ReadContext, element: XmlElement): number | undefined {
  const text = attribute(element, 'size');
  if (text === undefined) return undefined;
  const size = parseUnsigned(text);
  if (size !== undefined) return size || undefined;
  badNumber(context, element, 'size', xmlError('malformed mtu size', FROM_DOMAIN));
  return undefined;
}

/** Reads `<link state=>`. */
export function readLink(context: ReadContext, element: XmlElement): 'up' | 'down' | undefined {
  const text = attribute(element, 'state');
  if (text === undefined || text === 'up' || text === 'down') return text;
  badWord(context, element, 'state', ['up', 'down'], unsupported(`unknown interface link state '${text}'`, FROM_DOMAIN));
  return undefined;
}
