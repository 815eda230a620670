/**
 * The part of the packet rules that does not belong to one network: the table, its hooks and the empty verdict maps. A packet's cost
 * does not grow with the number of networks: one look-up by interface name leads to the few rules of its own network. Networks add
 * elements to the maps and chains beside them.
 */
export interface FirewallBase {
  readonly family: 'inet';
  readonly table: string;
  readonly maps: readonly { readonly name: MapName; readonly type: string }[];
  readonly chains: readonly {
    readonly name: string;
    /** The line that hooks the chain, in nft's listing form, without its closing semicolon. */
    readonly hook: { readonly type: 'filter' | 'nat'; readonly hook: 'input' | 'forward' | 'postrouting'; readonly priority: string };
    readonly policy: 'accept';
    readonly rules: readonly string[];
  }[];
}

/** `to_guest` is asked by the device a packet leaves through, the others by the one it came in by. */
export type MapName = 'limit_from' | 'to_guest' | 'from_guest' | 'nat_from';

/**
 * `to_guest` is asked first, as libvirt's `guest_input` runs before its `guest_output`: a packet from one network to another is
 * decided by where it goes. (`iifname` in postrouting needs Linux 5.7.) `limit_from` comes before all: it drops what a network's guests
 * send beyond their limit, to the host as well.
 */
export const firewallBase: FirewallBase = {
  family: 'inet',
  table: 'virtnet',
  maps: [
    { name: 'limit_from', type: 'ifname : verdict' },
    { name: 'to_guest', type: 'ifname : verdict' },
    { name: 'from_guest', type: 'ifname : verdict' },
    { name: 'nat_from', type: 'ifname : verdict' },
  ],
  chains: [
    {
      name: 'input',
      hook: { type: 'filter', hook: 'input', priority: 'filter' },
      policy: 'accept',
      rules: ['iifname vmap @limit_from'],
    },
    {
      name: 'forward',
      hook: { type: 'filter', hook: 'forward', priority: 'filter' },
      policy: 'accept',
      rules: ['iifname vmap @limit_from', 'oifname vmap @to_guest', 'iifname vmap @from_guest'],
    },
    {
      name: 'postrouting',
      hook: { type: 'nat', hook: 'postrouting', priority: 'srcnat' },
      policy: 'accept',
      rules: ['iifname vmap @nat_from'],
    },
  ],
};
