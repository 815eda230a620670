import type { Diagnostic } from '../base/diagnostic.ts';
import type { ForeignDrop } from '../host/foreign-drops.ts';
import type { Network } from '../network/network.ts';

/** A running network's findings about firewalls of somebody else's (VNC013). Only networks that send packets through the host have any. */
export function foreignDropWarnings(network: Network, drops: readonly ForeignDrop[]): readonly Diagnostic[] {
  const bridge = network.bridge?.name;
  if (bridge === undefined || !forwards(network)) return [];
  return drops.filter((drop) => concerns(drop, network, bridge)).map((drop) => warning(drop, network.name, bridge));
}

/** The host forwards the guests' packets by rules of ours. */
export function forwards({ forward: { mode } }: Network): boolean {
  return mode === 'nat' || mode === 'route';
}

function concerns(drop: ForeignDrop, network: Network, bridge: string): boolean {
  if (drop.admits.includes(bridge)) return false;
  // firewalld decides by zones, and this network has been given one on purpose.
  if (drop.maker === 'firewalld' && network.bridge?.zone !== undefined) return false;
  const has = (v6: boolean): boolean => network.ips.some((ip) => ip.address.includes(':') === v6);
  if (drop.family === 'ip') return has(false);
  return drop.family === 'ip6' ? has(true) : true;
}

function warning(drop: ForeignDrop, name: string, bridge: string): Diagnostic {
  const { family, table, chain } = drop;
  const how = drop.how === 'policy' ? 'by its policy' : 'by a rule without a condition';
  return {
    code: 'VNC013',
    severity: 'warning',
    message: `chain '${chain}' of table '${family} ${table}' drops ${how} what guests of '${name}' send through this host`,
    hint: `let the bridge pass there: ${remedy(drop, bridge)}`,
    source: name,
  };
}

function remedy({ family, table, chain, maker }: ForeignDrop, bridge: string): string {
  switch (maker) {
    case 'docker': {
      const tool = family === 'ip6' ? 'ip6tables' : 'iptables';
      return `${tool} -I DOCKER-USER -i ${bridge} -j ACCEPT; ${tool} -I DOCKER-USER -o ${bridge} -j ACCEPT`;
    }
    case 'ufw':
      return `ufw route allow in on ${bridge}; ufw route allow out on ${bridge}`;
    case 'firewalld':
      return `firewall-cmd --permanent --zone=trusted --add-interface=${bridge} && firewall-cmd --reload, or zone='...' on the <bridge> element`;
    default: {
      const insert = `nft insert rule ${family} ${table} ${chain}`;
      return `${insert} iifname ${bridge} accept; ${insert} oifname ${bridge} accept`;
    }
  }
}
