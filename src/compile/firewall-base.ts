/**
 * The part of the packet rules that does not belong to one network: the table, its hooks and the empty verdict maps. A packet's cost
 * does not grow with the number of networks: one look-up by interface name leads to the few rules of its own network. Networks add
 * elements to the maps and chains beside them.
 */
export interface FirewallBase {
  readonly family: 'inet';
  readonly table: string;
  readonly maps: readonly {
    readonly name: MapName;
    readonly type: string;
    /** Its keys are ranges of addresses and ports. */
    readonly interval?: true;
  }[];
  readonly chains: readonly {
    readonly name: string;
    /** The line that hooks the chain, in nft's listing form, without its closing semicolon. Absent for one that networks' chains jump to. */
    readonly hook?: {
      readonly type: 'filter' | 'nat';
      readonly hook: 'prerouting' | 'input' | 'forward' | 'output' | 'postrouting';
      readonly priority: string;
      readonly policy: 'accept';
    };
    readonly rules: readonly string[];
  }[];
}

/**
 * `to_guest` is asked by the device a packet leaves through, the others of the first line by the one it came in by. Port forwards: `forward_*` by
 * the address of the host, protocol and port that is asked for, `forwarded_*` by those of the guest (asked by the rules of its network);
 * `isolated` accepts, untranslated, what comes in by the bridge of an isolated network.
 */
export type MapName =
  ('limit_from' | 'to_guest' | 'from_guest' | 'nat_from' | 'isolated') | ('forward_ip' | 'forward_ip6' | 'forwarded_ip' | 'forwarded_ip6');

/**
 * The chain for what comes to guests behind NAT by a translated destination, from the one who asked: only while a forward leads there. A connection
 * that is under way when its forward goes ends here; so do those of translations of somebody else's. What the kernel expects for a connection
 * of a guest's own (FTP, TFTP), and errors about what guests sent, are for the rules after it.
 */
export const FORWARDED = 'forwarded';

/** Which port forward a packet is for. Once a connection: the kernel asks a nat hook of its first packet only. */
const FORWARD_RULES = ['ip daddr . meta l4proto . th dport vmap @forward_ip', 'ip6 daddr . meta l4proto . th dport vmap @forward_ip6'];

const forwardMap = (name: MapName, family: 'ipv4' | 'ipv6') =>
  ({ name, type: `${family}_addr . inet_proto . inet_service : verdict`, interval: true }) as const;

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
    { name: 'isolated', type: 'ifname : verdict' },
    forwardMap('forward_ip', 'ipv4'),
    forwardMap('forward_ip6', 'ipv6'),
    forwardMap('forwarded_ip', 'ipv4'),
    forwardMap('forwarded_ip6', 'ipv6'),
  ],
  chains: [
    {
      name: FORWARDED,
      rules: [
        'ct state related return',
        'ct status expected return',
        'ip daddr . meta l4proto . th dport vmap @forwarded_ip',
        'ip6 daddr . meta l4proto . th dport vmap @forwarded_ip6',
        'meta l4proto tcp reject with tcp reset',
        'reject',
      ],
    },
    {
      name: 'input',
      hook: { type: 'filter', hook: 'input', priority: 'filter', policy: 'accept' },
      rules: ['iifname vmap @limit_from'],
    },
    {
      name: 'forward',
      hook: { type: 'filter', hook: 'forward', priority: 'filter', policy: 'accept' },
      rules: ['iifname vmap @limit_from', 'oifname vmap @to_guest', 'iifname vmap @from_guest'],
    },
    {
      name: 'prerouting',
      hook: { type: 'nat', hook: 'prerouting', priority: 'dstnat', policy: 'accept' },
      rules: ['iifname vmap @isolated', ...FORWARD_RULES],
    },
    {
      // What the host itself asks for. `dstnat` in figures: nft takes the word here from 1.0.7 on.
      name: 'output',
      hook: { type: 'nat', hook: 'output', priority: '-100', policy: 'accept' },
      rules: FORWARD_RULES,
    },
    {
      name: 'postrouting',
      hook: { type: 'nat', hook: 'postrouting', priority: 'srcnat', policy: 'accept' },
      rules: ['iifname vmap @nat_from'],
    },
  ],
};
