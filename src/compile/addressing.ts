import { formatIp, formatSubnet, lastAddress, parseIp, type IpValue, type Subnet } from '../inet/index.ts';
import type { CompleteNetwork } from './complete.ts';
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
  const subnets = addressedIps(network).map(({ subnet }) => subnet);
  const addresses = subnets.map((subnet): Resource => ({
    kind: 'address',
    owner,
    dev: bridge,
    address: formatSubnet(subnet),
  }));
  const routes = network.routes.flatMap((route, i): readonly Resource[] => {
    const to = subnetOfRoute(route);
    const via = parseIp(route.gateway);
    if (!to || !via) return [];
    if (subnets.some((subnet) => isNoGateway(via, subnet))) {
      report.warn({
        code: 'VNC005',
        message: `the route to ${formatSubnet(to)} is left out: ${formatIp(via)} is no neighbour's address, and the kernel takes no such gateway`,
        path: `/network/route[${String(i + 1)}]/@gateway`,
        found: route.gateway,
        hint: 'use the address of a guest that routes',
      });
      return [];
    }
    return [{ kind: 'route', owner, dev: bridge, to: formatSubnet(to), via: formatIp(via), metric: route.metric ?? DEFAULT_METRIC }];
  });
  return [...addresses, ...routes];
}

/** ::ffff:0:0/96 (RFC 4291, 2.5.5.2). */
function isMapped({ family, value }: IpValue): boolean {
  return family === 'ipv6' && value >> 32n === 0xffffn;
}

/** True for what the kernel refuses as gateway on a subnet: the IPv6 address of the bridge itself (IPv4's it takes), the IPv4 broadcast address. */
function isNoGateway(via: IpValue, subnet: Subnet): boolean {
  const refused = subnet.family === 'ipv6' ? subnet : subnet.prefix < 31 ? lastAddress(subnet) : undefined;
  return refused?.family === via.family && refused.value === via.value;
}

function checkAddresses(network: CompleteNetwork, bridge: string, report: Report): void {
  const seen = new Map<string, number>();
  for (const [i, ip] of network.ips.entries()) {
    const path = `/network/ip[${String(i + 1)}]`;
    const subnet = subnetOfIp(ip);
    if (!subnet) {
      report.error({
        code: 'VNC009',
        message: `netmask '${ip.netmask ?? ''}' of ${ip.address} is not a run of ones followed by zeros`,
        path: `${path}/@netmask`,
        hint: 'give the subnet as prefix length',
        libvirt: libvirtSays(1, `bridge '${bridge}' has an invalid netmask or IP address`),
      });
      continue;
    }
    if (isMapped(subnet)) {
      report.error({
        code: 'VNC005',
        message: `${formatIp(subnet)} is an IPv4 address in the form of IPv6, and the kernel lets nobody listen there`,
        path: `${path}/@address`,
        found: ip.address,
        hint: 'use an IPv6 address of your own, such as fd00::1',
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

/** How libvirt's message goes on for an IPv4 address. */
function broadcastOf(subnet: Subnet): string {
  return subnet.family === 'ipv4' ? ` bcast ${formatIp(lastAddress(subnet))}` : '';
}
