import type { LibvirtError } from '../base/diagnostic.ts';
import { formatIp, formatSubnet, lastAddress, parseIp, type IpValue, type Subnet } from '../inet/index.ts';
import type { CompleteNetwork } from '../network/complete.ts';
import type { ForwardMode } from '../network/forward.ts';
import type { Ip } from '../network/ip.ts';
import type { Resource } from './host-state.ts';
import { libvirtHelperSays, libvirtSays, type Report } from './report.ts';
import { addressedIps, subnetOfIp, subnetOfRoute } from './subnets.ts';

/** The metric that libvirt gives to a `<route>` without one (the kernel's own default differs between families). */
const DEFAULT_METRIC = 1;

/**
 * The addresses of a managed network's bridge and the static routes behind it. Finds VNC005 and VNC009.
 *
 * A route that the kernel refuses is left out with a warning; libvirt leaves it out without a word.
 */
export function compileAddressing(network: CompleteNetwork, bridge: string, report: Report): readonly Resource[] {
  checkAddresses(network, bridge, report);
  const owner = { network: network.uuid };
  const addresses = addressedIps(network).map(({ subnet }): Resource => ({
    kind: 'address',
    owner,
    dev: bridge,
    address: formatSubnet(subnet),
  }));
  return [...addresses, ...compileRoutes(network, bridge, report)];
}

function compileRoutes(network: CompleteNetwork, bridge: string, report: Report): readonly Resource[] {
  const subnets = addressedIps(network).map(({ subnet }) => subnet);
  const gateways = new Map<string, string>();
  return network.routes.flatMap((route, i): readonly Resource[] => {
    const to = subnetOfRoute(route);
    const gateway = parseIp(route.gateway);
    if (!to || !gateway) return [];
    const [destination, via] = [formatSubnet(to), formatIp(gateway)];
    const metric = route.metric ?? DEFAULT_METRIC;
    const first = gateways.get(`${destination} ${String(metric)}`) ?? via;
    const leftOut = subnets.some((subnet) => isNoGateway(gateway, subnet))
      ? `${via} is no neighbour's address, and the kernel takes no such gateway`
      : first === via
        ? undefined
        : `another one with the same metric goes by way of ${first}`;
    if (leftOut === undefined) {
      gateways.set(`${destination} ${String(metric)}`, via);
      return [{ kind: 'route', owner: { network: network.uuid }, dev: bridge, to: destination, via, metric }];
    }
    report.warn({
      code: 'VNC005',
      message: `the route to ${destination} by way of ${via} is left out: ${leftOut}`,
      path: `/network/route[${String(i + 1)}]/@gateway`,
      found: route.gateway,
      hint: 'use the address of a guest that routes, and one route to a subnet or another metric',
    });
    return [];
  });
}

/**
 * What an address is at which nobody reaches a bridge (RFC 4291, section 2); undefined for any other. The kernel takes all IPv4 ones but 0.0.0.0, and
 * those of IPv4 in IPv6's form, but to every socket these are IPv4 (RFC 3493, section 3.7).
 */
function whyNobodys({ family, value }: IpValue): string | undefined {
  if (value === 0n) return 'the address of nobody';
  if (family === 'ipv4') return undefined;
  if (value === 1n) return 'the loopback address';
  if (value >> 120n === 0xffn) return 'a multicast address';
  return value >> 32n === 0xffffn ? 'an IPv4 address in the form of IPv6' : undefined;
}

/** True for what the kernel refuses as gateway on a subnet: the IPv6 address of the bridge itself (IPv4's it takes), the IPv4 broadcast address. */
function isNoGateway(via: IpValue, subnet: Subnet): boolean {
  const refused = subnet.family === 'ipv6' ? subnet : subnet.prefix < 31 ? lastAddress(subnet) : undefined;
  return refused?.family === via.family && refused.value === via.value;
}

/** Modes in which libvirt makes packet rules for each subnet, which it does before it gives the bridge its addresses. */
const WITH_RULES_OF_SUBNETS: ReadonlySet<ForwardMode> = new Set(['nat', 'route']);

function checkAddresses(network: CompleteNetwork, bridge: string, report: Report): void {
  const rulesFirst = WITH_RULES_OF_SUBNETS.has(network.forward.mode);
  if (rulesFirst) {
    for (const [i, ip] of network.ips.entries()) {
      if (!subnetOfIp(ip)) reportNetmask(ip, i + 1, libvirtHelperSays(1, `Invalid prefix or netmask for '${bridge}'`), report);
    }
  }
  const seen = new Map<string, number>();
  for (const [i, ip] of network.ips.entries()) {
    const path = pathOfIp(i + 1);
    const subnet = subnetOfIp(ip);
    if (!subnet) {
      if (!rulesFirst) reportNetmask(ip, i + 1, libvirtSays(1, `bridge '${bridge}' has an invalid netmask or IP address`), report);
      continue;
    }
    const nobodys = whyNobodys(subnet);
    if (nobodys !== undefined) {
      report.error({
        code: 'VNC005',
        message: `${formatIp(subnet)} is ${nobodys}: nobody reaches a host at it`,
        path: `${path}/@address`,
        found: ip.address,
        hint: `use an address of your own, such as ${subnet.family === 'ipv4' ? '192.168.122.1' : 'fd00::1'}`,
        libvirt: libvirtHelperSays(38, `Failed to add IP address ${formatSubnet(subnet)}${broadcastOf(subnet)} to ${bridge}`),
      });
    }
    const key = formatSubnet(subnet);
    const first = seen.get(key);
    if (first !== undefined) {
      report.error({
        code: 'VNC009',
        message: `address ${key} is given twice, in ip[${String(first)}] and ip[${String(i + 1)}]`,
        path: `${path}/@address`,
        hint: 'remove one of the two',
        libvirt: libvirtHelperSays(38, `Failed to add IP address ${key}${broadcastOf(subnet)} to ${bridge}`),
      });
    }
    seen.set(key, i + 1);
  }
}

/** An address whose netmask is no subnet's, the `position`-th (from 1) of its network. */
function reportNetmask(ip: Ip, position: number, libvirt: LibvirtError, report: Report): void {
  report.error({
    code: 'VNC009',
    message: `netmask '${ip.netmask ?? ''}' of ${ip.address} is not a run of ones followed by zeros`,
    path: `${pathOfIp(position)}/@netmask`,
    hint: 'give the subnet as prefix length',
    libvirt,
  });
}

const pathOfIp = (position: number): string => `/network/ip[${String(position)}]`;

/** How libvirt's message goes on for an IPv4 address. */
function broadcastOf(subnet: Subnet): string {
  return subnet.family === 'ipv4' ? ` bcast ${formatIp(lastAddress(subnet))}` : '';
}
