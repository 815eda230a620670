import type { Diagnostic } from '../../base/diagnostic.ts';
import { servedDhcp } from '../../compile/dhcp-pools.ts';
import { addressedIps } from '../../compile/subnets.ts';
import { fateOf, type Fate, type Packet } from '../../host/firewall/packet-fate.ts';
import type { ForeignChain, Hook } from '../../host/firewall/foreign-chains.ts';
import type { Family } from '../../inet/index.ts';
import type { Network } from '../../network/network.ts';
import { isManaged } from '../../network/network.ts';

/** A kind of packet of a network's guests, and what fails without it. */
interface GuestPacket extends Packet {
  readonly hook: Hook;
  /** Of the host: `DHCP`, `DNS`. Absent for what goes through it. */
  readonly service?: string;
}

/** True for networks whose guests have something to do with this host's packet rules. */
export function meetsFirewalls(network: Network): boolean {
  return guestPackets(network).length > 0;
}

/** A running network's findings about firewalls of somebody else's (VNC013), one a chain. */
export function foreignDropWarnings(network: Network, chains: readonly ForeignChain[]): readonly Diagnostic[] {
  const bridge = network.bridge?.name ?? '';
  const packets = guestPackets(network);
  return chains.flatMap((chain): readonly Diagnostic[] => {
    const dropped = packets
      .filter(({ hook }) => hook === chain.hook)
      .map((packet) => ({ ...packet, fate: fateOf(chain, packet) }))
      .filter(({ fate }) => fate !== 'pass');
    const [first] = dropped;
    return first ? [warning(chain, network.name, bridge, dropped, first.fate)] : [];
  });
}

function guestPackets(network: Network): readonly GuestPacket[] {
  const bridge = network.bridge?.name;
  if (bridge === undefined || !isManaged(network)) return [];
  return [...(forwards(network) ? throughHost(network, bridge) : []), ...toHost(network, bridge)];
}

/** The host forwards the guests' packets by rules of ours. */
function forwards({ forward: { mode } }: Network): boolean {
  return mode === 'nat' || mode === 'route';
}

/** What guests send outside, and what comes back. */
function throughHost(network: Network, bridge: string): readonly GuestPacket[] {
  const dev = network.forward.interfaces[0]?.dev;
  return addressedIps(network).flatMap(({ subnet }): readonly GuestPacket[] => [
    {
      hook: 'forward',
      family: subnet.family,
      iifname: bridge,
      source: subnet,
      isAnswer: false,
      ...(dev !== undefined && dev !== '' && { oifname: dev }),
    },
    {
      hook: 'forward',
      family: subnet.family,
      oifname: bridge,
      isAnswer: true,
      ...(dev !== undefined && dev !== '' && { iifname: dev }),
    },
  ]);
}

/** What guests ask dnsmasq for. A client of DHCP has no address yet. */
function toHost(network: Network, bridge: string): readonly GuestPacket[] {
  const ask = (service: string, family: Family, protocol: 'tcp' | 'udp', port: number): GuestPacket => ({
    hook: 'input',
    service,
    family,
    iifname: bridge,
    protocol,
    port,
    isAnswer: false,
  });
  const ips = addressedIps(network);
  const dhcp = servedDhcp(network).map(({ addressed: { subnet } }) =>
    subnet.family === 'ipv4' ? ask('DHCP', 'ipv4', 'udp', 67) : ask('DHCPv6', 'ipv6', 'udp', 547),
  );
  const dns =
    network.dns?.enable === false
      ? []
      : ips.flatMap(({ subnet }) => (['udp', 'tcp'] as const).map((p) => ({ ...ask('DNS', subnet.family, p, 53), source: subnet })));
  const tftp = ips.flatMap(({ ip, subnet }) => (ip.tftpRoot ? [{ ...ask('TFTP', subnet.family, 'udp', 69), source: subnet }] : []));
  return [...dhcp, ...dns, ...tftp];
}

function warning(chain: ForeignChain, name: string, bridge: string, dropped: readonly GuestPacket[], fate: Fate): Diagnostic {
  const how = fate === 'policy' ? 'by its policy' : 'by a rule';
  const services = [...new Set(dropped.flatMap(({ service }) => service ?? []))];
  const what = chain.hook === 'forward' ? 'send through this host' : `ask this host for: ${services.join(', ')}`;
  return {
    code: 'VNC013',
    severity: 'warning',
    message: `chain '${chain.name}' of table '${chain.family} ${chain.table}'${chain.isLegacy ? ' (iptables-legacy)' : ''} drops ${how} what guests of '${name}' ${what}`,
    hint: `let the bridge pass there: ${remedy(chain, bridge, dropped)}`,
    source: name,
  };
}

function remedy(chain: ForeignChain, bridge: string, dropped: readonly GuestPacket[]): string {
  const { family, table, name, hook, maker, isLegacy } = chain;
  const iptables = `${family === 'ip6' ? 'ip6tables' : 'iptables'}${isLegacy ? '-legacy' : ''}`;
  const insertInto = `${iptables}${table === 'filter' ? '' : ` -t ${table}`} -I ${name}`;
  if (maker === 'firewalld')
    return `firewall-cmd --permanent --zone=trusted --add-interface=${bridge} && firewall-cmd --reload, or zone='...' on the <bridge> element; where firewalld has the zones of libvirt's packages, a bridge without a zone goes there by itself`;
  if (hook === 'forward') {
    if (maker === 'docker') return `${iptables} -I DOCKER-USER -i ${bridge} -j ACCEPT; ${iptables} -I DOCKER-USER -o ${bridge} -j ACCEPT`;
    if (maker === 'ufw') return `ufw route allow in on ${bridge}; ufw route allow out on ${bridge}`;
    if (isLegacy) return `${insertInto} -i ${bridge} -j ACCEPT; ${insertInto} -o ${bridge} -j ACCEPT`;
    const insert = `nft insert rule ${family} ${table} ${name}`;
    return `${insert} iifname ${bridge} accept; ${insert} oifname ${bridge} accept`;
  }
  const ports = [...new Set(dropped.map(({ protocol, port }) => `${protocol ?? ''} ${String(port)}`))].map((text) => text.split(' '));
  return ports
    .map(([protocol = '', port = '']) => {
      if (maker === 'ufw') return `ufw allow in on ${bridge} to any port ${port} proto ${protocol}`;
      if (isLegacy || (table === 'filter' && name === 'INPUT'))
        return `${insertInto} -i ${bridge} -p ${protocol} --dport ${port} -j ACCEPT`;
      return `nft insert rule ${family} ${table} ${name} iifname ${bridge} ${protocol} dport ${port} accept`;
    })
    .join('; ');
}
