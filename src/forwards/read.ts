import { bitsOf, contains, formatIp, formatSubnet, network as subnetNetwork, parseIp, parseSubnet } from '../inet/index.ts';
import { lastAddress, type Family, type IpValue, type Subnet } from '../inet/index.ts';
import { checkShape, refuse, warn, type Problem, type ReadContext } from '../network/context.ts';
import { subnetOf } from '../network/ip.ts';
import { xmlError } from '../network/libvirt-error.ts';
import type { Network } from '../network/network.ts';
import { parseLibvirtMac, textAttribute } from '../network/values.ts';
import { elements, type XmlElement } from '../xml/node.ts';
import { claimSame, formatListen, FORWARDS_NAMESPACE, MOST_FORWARDS, PROTOCOLS, type PortForward, type Protocol } from './forward.ts';

const ATTRIBUTES = ['proto', 'address', 'port', 'end', 'to', 'to-port'];
const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];

/** What guests ask the host itself for on every network: DNS, and DHCP of the family. */
const OWN_SERVICES: Readonly<Record<Protocol, Readonly<Record<Family, readonly number[]>>>> = {
  tcp: { ipv4: [53], ipv6: [53] },
  udp: { ipv4: [53, 67], ipv6: [53, 547] },
};

/** Reads `<forwards>` of this network. What is refused is left out, and told in the context's findings. */
export function readForwards(context: ReadContext, root: XmlElement, network: Network): readonly PortForward[] {
  if (root.local !== 'forwards') {
    bad(context, root, { message: `<${root.local}> is not what this namespace holds`, allowed: 'forwards', hint: 'write <forwards>' });
    return [];
  }
  checkShape(context, root, { attributes: [], children: ['forward'], repeated: ['forward'] });
  const own = childrenOf(context, root, 'forward');
  const { mode } = network.forward;
  if (own.length > 0 && mode !== 'nat' && mode !== 'route') {
    const what = mode === 'none' ? 'an isolated network' : `mode '${mode}'`;
    bad(context, root, { message: `${what} has no port forwards`, hint: "use <forward mode='nat'/> or 'route'" });
    return [];
  }
  if (own.length > MOST_FORWARDS) {
    bad(context, root, { message: `more than ${String(MOST_FORWARDS)} port forwards`, hint: 'forward a range of ports as one' });
    return [];
  }
  const all: { readonly forward: PortForward; readonly element: XmlElement }[] = [];
  for (const element of own) {
    for (const forward of readForward(context, element, network)) {
      const twin = all.find((other) => other.element !== element && claimSame(other.forward, forward));
      if (twin) {
        bad(context, element, {
          message: `${formatListen(forward)} is forwarded twice: to '${forward.to}', and with ${formatListen(twin.forward)} to '${twin.forward.to}'`,
          attribute: 'port',
          hint: 'give each another port or address',
          related: [{ message: 'the other forward', element: twin.element }],
        });
      } else all.push({ forward, element });
    }
  }
  return all.map(({ forward }) => forward);
}

/** The children of this name, whether under the namespace or under none; others of the namespace are told of. */
function childrenOf(context: ReadContext, element: XmlElement, name: string): readonly XmlElement[] {
  const own = elements(element).filter((c) => c.namespace === undefined || c.namespace === FORWARDS_NAMESPACE);
  for (const c of own) {
    if (c.local === name || c.namespace === undefined) continue;
    warn(context, c, {
      code: 'VNM002',
      message: `<${c.name}> is not known in <${element.name}>; it is ignored`,
      found: c.name,
      allowed: name,
      hint: 'remove it',
    });
  }
  return own.filter((c) => c.local === name);
}

/** What a `<forward>` says before its guest is looked up. */
interface Listen {
  readonly proto: Protocol;
  readonly address: IpValue | undefined;
  readonly port: number;
  readonly end: number;
}

function readForward(context: ReadContext, element: XmlElement, network: Network): readonly PortForward[] {
  checkShape(context, element, { attributes: ATTRIBUTES, children: ['source'], repeated: ['source'] });
  const before = context.findings.length;
  const listen = readListen(context, element);
  const toPort = readPort(context, element, 'to-port');
  const targets = readTargets(context, element, network);
  const sources = childrenOf(context, element, 'source').flatMap((e) => readSource(context, e) ?? []);
  if (!listen || !targets || context.findings.slice(before).some(({ severity }) => severity === 'error')) return [];
  const { proto, address, port, end } = listen;
  const to = textAttribute(element, 'to') ?? '';
  const families = FAMILIES.filter((family) => targets.has(family) && (address === undefined || address.family === family));
  const problem = misfit(listen, { to, toPort, families, sources });
  if (problem) {
    bad(context, element, problem);
    return [];
  }
  return families.flatMap((family): readonly PortForward[] => {
    const own = sources.filter((source) => source.family === family);
    if (sources.length > 0 && own.length === 0) return [];
    return [
      {
        family,
        proto,
        ...(address && { address: formatIp(address) }),
        port,
        end,
        to,
        target: targets.get(family) ?? '',
        ...(toPort === undefined || toPort === port ? {} : { toPort }),
        ...(own.length > 0 && { sources: own }),
      },
    ];
  });
}

interface Destination {
  readonly to: string;
  readonly toPort: number | undefined;
  /** In which the guest has an address, and the host is listened on. */
  readonly families: readonly Family[];
  readonly sources: readonly Subnet[];
}

/** What in a forward does not go together. */
function misfit({ proto, address, port, end }: Listen, { to, toPort, families, sources }: Destination): Omit<Problem, 'code'> | undefined {
  const nameOf = (family: Family | undefined): string => (family === 'ipv6' ? 'IPv6' : 'IPv4');
  if (toPort !== undefined && end !== port) {
    const message = 'a range of ports goes to the same ports of the guest';
    return { message, attribute: 'to-port', hint: "remove 'to-port', or forward the ports one by one" };
  }
  if (families.length === 0) {
    const hint = 'listen on an address of the family that the guest has';
    return { message: `'${to}' has no ${nameOf(address?.family)} address`, attribute: 'address', hint };
  }
  const service = families.flatMap((family) => OWN_SERVICES[proto][family]).find((p) => p >= port && p <= end);
  if (service !== undefined && address === undefined) {
    return {
      message: `${proto} port ${String(service)} of all addresses is also that of the bridges, where guests ask for names and leases`,
      attribute: 'port',
      hint: "name the one address that the outside asks: address='...'",
    };
  }
  const stranger = sources.find(({ family }) => !families.includes(family));
  return stranger && { message: `a <source> is ${nameOf(stranger.family)}, and the forward is not`, hint: 'remove that <source>' };
}

function readListen(context: ReadContext, element: XmlElement): Listen | undefined {
  const word = required(context, element, 'proto');
  const proto = PROTOCOLS.find((p) => p === word);
  if (word !== undefined && proto === undefined) {
    bad(context, element, {
      message: `'${word}' is no protocol with ports`,
      attribute: 'proto',
      found: word,
      allowed: 'tcp, udp',
      hint: 'write a <forward> for each of the two',
    });
  }
  const address = readAddress(context, element);
  if (required(context, element, 'port') === undefined) return undefined;
  const port = readPort(context, element, 'port');
  const end = readPort(context, element, 'end') ?? port;
  if (proto === undefined || port === undefined || end === undefined || address === 'bad') return undefined;
  if (end < port) {
    bad(context, element, { message: `the range ends at ${String(end)}, before it begins`, attribute: 'end', hint: 'swap the two' });
    return undefined;
  }
  return { proto, address, port, end };
}

function readAddress(context: ReadContext, element: XmlElement): IpValue | undefined | 'bad' {
  const text = textAttribute(element, 'address');
  if (text === undefined) return undefined;
  const address = parseIp(text);
  const why = address ? unreachable(address) : 'is no IP address';
  if (why === undefined) return address;
  const hint = "write an address of this host, or leave 'address' out for all of them";
  bad(context, element, { message: `'${text}' ${why}`, attribute: 'address', found: text, hint });
  return 'bad';
}

/** Why nobody outside reaches this host by an address. */
function unreachable(address: IpValue): string | undefined {
  const within = (subnet: string): boolean => {
    const value = parseSubnet(subnet);
    return value !== undefined && contains(value, address);
  };
  if (address.value === 0n) return 'is no address to listen on';
  // Loopback's packets do not leave the host: with route_localnet others could send to it, and what is only for the host would be open.
  if (within('127.0.0.0/8') || within('::1')) return 'is a loopback address, which never leads to a guest';
  return within('224.0.0.0/3') || within('ff00::/8') || within('fe80::/10')
    ? 'is no address of one host that is reached from afar'
    : undefined;
}

/** The guest's address in each family; undefined when there is none. */
function readTargets(context: ReadContext, element: XmlElement, network: Network): ReadonlyMap<Family, string> | undefined {
  const to = required(context, element, 'to');
  if (to === undefined) return undefined;
  const refuseTo = (message: string, hint: string): undefined => {
    bad(context, element, { message, attribute: 'to', found: to, hint });
    return undefined;
  };
  const ip = parseIp(to);
  if (ip) {
    const subnets = network.ips.flatMap((own) => subnetOf(own) ?? []);
    const subnet = subnets.find((s) => contains(s, ip));
    if (!subnet) {
      const where = subnets.length === 0 ? '' : ` (${subnets.map((s) => formatSubnet(subnetNetwork(s))).join(', ')})`;
      return refuseTo(`'${to}' is in no subnet of the network${where}`, 'write an address of a guest');
    }
    const isHosts = subnets.some((s) => s.family === ip.family && s.value === ip.value);
    if (isHosts) return refuseTo(`'${to}' is the host's own address`, 'write an address of a guest');
    const isAll = [subnetNetwork(subnet), ...(ip.family === 'ipv4' ? [lastAddress(subnet)] : [])].some((a) => a.value === ip.value);
    if (isAll && bitsOf(ip.family) - subnet.prefix > 1) return refuseTo(`'${to}' is no guest's address`, 'write an address of a guest');
    return new Map([[ip.family, formatIp(ip)]]);
  }
  const mac = parseLibvirtMac(to);
  const found = new Map<Family, string>();
  for (const own of network.ips) {
    const host = own.dhcp?.hosts.find((h) =>
      mac === undefined ? h.name?.toLowerCase() === to.toLowerCase() : h.mac !== undefined && parseLibvirtMac(h.mac) === mac,
    );
    const address = host && parseIp(host.ip);
    if (address && !found.has(address.family)) found.set(address.family, formatIp(address));
  }
  if (found.size > 0) return found;
  const key = mac === undefined ? 'name' : 'mac';
  return refuseTo(
    `no fixed DHCP host of the network has the ${key} '${to}'`,
    `add <host ${key}='${to}' ... ip='...'/> to its <dhcp> (leases of a range change hands and are not followed), or write the guest's address`,
  );
}

function readSource(context: ReadContext, element: XmlElement): Subnet | undefined {
  checkShape(context, element, { attributes: ['address'], children: [] });
  const text = required(context, element, 'address');
  if (text === undefined) return undefined;
  const subnet = parseSubnet(text);
  if (subnet) return subnetNetwork(subnet);
  bad(context, element, {
    message: `'${text}' is no address or subnet`,
    attribute: 'address',
    found: text,
    hint: 'write it like 203.0.113.0/24 or 2001:db8::/32',
  });
  return undefined;
}

function readPort(context: ReadContext, element: XmlElement, name: string): number | undefined {
  const text = textAttribute(element, name);
  if (text === undefined) return undefined;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65535) return port;
  bad(context, element, { message: `'${text}' is no port`, attribute: name, found: text, allowed: '1 to 65535', hint: 'write a number' });
  return undefined;
}

function required(context: ReadContext, element: XmlElement, name: string): string | undefined {
  const text = textAttribute(element, name);
  if (text === undefined) bad(context, element, { message: `<${element.local}> has no '${name}'`, hint: `add ${name}='...'` });
  return text;
}

/** libvirt keeps the element unread; its clients are told of ours as of a fault in the document. */
function bad(context: ReadContext, element: XmlElement, problem: Omit<Problem, 'code'>): void {
  refuse(context, element, { code: 'VNF001', ...problem, libvirt: xmlError(`port forward: ${problem.message}`) });
}
