import { formatIp, formatSubnet, lastAddress, parseIp, type Subnet } from '../inet/index.ts';
import type { CompleteNetwork } from './complete.ts';
import type { Resource } from './host-state.ts';
import { libvirtHelperSays, libvirtSays, type Report } from './report.ts';
import { addressedIps, subnetOfIp, subnetOfRoute } from './subnets.ts';

/** The metric that libvirt gives to a `<route>` without one (the kernel's own default differs between families). */
const DEFAULT_METRIC = 1;

/** The addresses of a managed network's bridge and the static routes behind it. Finds VNC009. */
export function compileAddressing(network: CompleteNetwork, bridge: string, report: Report): readonly Resource[] {
  checkAddresses(network, bridge, report);
  const owner = { network: network.uuid };
  const addresses = addressedIps(network).map(({ subnet }): Resource => ({
    kind: 'address',
    owner,
    dev: bridge,
    address: formatSubnet(subnet),
  }));
  const routes = network.routes.flatMap((route): readonly Resource[] => {
    const to = subnetOfRoute(route);
    const via = parseIp(route.gateway);
    if (!to || !via) return [];
    return [{ kind: 'route', owner, dev: bridge, to: formatSubnet(to), via: formatIp(via), metric: route.metric ?? DEFAULT_METRIC }];
  });
  return [...addresses, ...routes];
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
