import { formatSubnet } from '../inet/index.ts';
import type { CompleteNetwork } from '../network/complete.ts';
import type { HostFacts } from './facts.ts';
import type { Resource } from './host-state.ts';
import { libvirtHelperSays, type Report } from './report.ts';
import { addressedIps, forwardsFamily, hasFamily } from './subnets.ts';

/** Bounds of a bridge's MTU: IPv4's smallest (RFC 791) and the kernel's ETH_MAX_MTU. */
const MTU = { min: 68, max: 65535 } as const;
/** The smallest MTU with which a device has IPv6 (RFC 8200, section 5): with a smaller one the kernel takes all of it away, its sysctls too. */
const MTU_OF_IPV6 = 1280;

/** The bridge of a managed network, raised, with its IPv6 switches. Finds VNC006 and VNC012. */
export function compileBridge(network: CompleteNetwork, bridge: string, facts: HostFacts, report: Report): readonly Resource[] {
  const owner = { network: network.uuid };
  checkBridge(network, bridge, report);
  const link: Resource = {
    kind: 'link',
    owner,
    name: bridge,
    ...(network.mac !== undefined && { mac: network.mac }),
    ...(network.mtu ? { mtu: network.mtu } : {}),
    spec: {
      type: 'bridge',
      stp: network.bridge?.stp ?? true,
      forwardDelay: network.bridge?.delay ?? 0,
      vlanFiltering: managesMacTable(network) && filtersVlans(facts, report),
    },
  };
  return [link, ...bridgeSysctls(network, bridge), { kind: 'link-up', owner, dev: bridge }];
}

/** True when virtnet keeps the bridge's forwarding table: a guest is reached by its own entry, nothing is learned or flooded. */
function managesMacTable(network: CompleteNetwork): boolean {
  return network.bridge?.macTableManager === 'libvirt';
}

/** libvirt turns VLAN filtering on with its MAC tables; a kernel without it still keeps the tables, so that is only a warning. */
function filtersVlans(facts: HostFacts, report: Report): boolean {
  if (facts.capabilities.vlanFiltering) return true;
  report.warn({
    code: 'VNC006',
    message: 'this kernel has no VLAN filtering on bridges; the MAC table is managed without it',
    path: '/network/bridge/@macTableManager',
    hint: 'guests are told apart by MAC address alone, as without VLANs',
  });
  return false;
}

/**
 * A guest must not lead the host astray: no router advertisements are taken from the bridge. Without an IPv6 address of its own the
 * bridge carries no IPv6 of the host at all. What leads out of the network forwards what comes from it: a new bridge does as `conf/default` says.
 */
function bridgeSysctls(network: CompleteNetwork, bridge: string): readonly Resource[] {
  const owner = { network: network.uuid };
  const sysctl = (family: 'ipv4' | 'ipv6', name: string, value: string): Resource => ({
    kind: 'sysctl',
    owner,
    path: `net/${family}/conf/${bridge}/${name}`,
    value,
  });
  const ipv4 = forwardsFamily(network, 'ipv4') ? [sysctl('ipv4', 'forwarding', '1')] : [];
  if (network.mtu && network.mtu < MTU_OF_IPV6) return ipv4;
  return [
    ...ipv4,
    sysctl('ipv6', 'disable_ipv6', hasFamily(network, 'ipv6') ? '0' : '1'),
    sysctl('ipv6', 'accept_ra', '0'),
    sysctl('ipv6', 'autoconf', '0'),
    ...(forwardsFamily(network, 'ipv6') ? [sysctl('ipv6', 'forwarding', '1')] : []),
  ];
}

function checkBridge(network: CompleteNetwork, bridge: string, report: Report): void {
  if (network.mtu && (network.mtu < MTU.min || network.mtu > MTU.max)) {
    report.error({
      code: 'VNC012',
      message: `a bridge cannot have an MTU of ${String(network.mtu)} bytes`,
      path: '/network/mtu/@size',
      found: String(network.mtu),
      allowed: `${String(MTU.min)}-${String(MTU.max)}`,
      hint: 'give a size in these bounds',
      libvirt: libvirtHelperSays(38, `Cannot set interface MTU on '${bridge}': Invalid argument`),
    });
  }
  const first = addressedIps(network).find(({ subnet }) => subnet.family === 'ipv6');
  if (network.mtu && network.mtu >= MTU.min && network.mtu < MTU_OF_IPV6 && first) {
    report.error({
      code: 'VNC012',
      message: `a bridge with an MTU of ${String(network.mtu)} bytes has no IPv6, which needs ${String(MTU_OF_IPV6)}`,
      path: '/network/mtu/@size',
      found: String(network.mtu),
      hint: `give a size of ${String(MTU_OF_IPV6)} or more, or leave the IPv6 addresses out`,
      libvirt: libvirtHelperSays(38, `Failed to add IP address ${formatSubnet(first.subnet)} to ${bridge}`),
    });
  }
  if (network.mac === '00:00:00:00:00:00') {
    report.error({
      code: 'VNC012',
      message: 'a bridge cannot have the all-zero MAC address',
      path: '/network/mac/@address',
      hint: 'leave <mac> out: one is chosen and kept',
      libvirt: libvirtHelperSays(38, `error creating bridge interface ${bridge}: Cannot assign requested address`),
    });
  }
}
