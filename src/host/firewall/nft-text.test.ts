import { expect, it } from 'vitest';
import { parseTable } from './nft-text.ts';

it('reads maps by device, and by address, protocol and port', () => {
  const { maps } = parseTable(`table inet virtnet {
	map to_guest {
		type ifname : verdict
		elements = { "virbr0" : jump n_1_to, "a b, c:d" : accept }
	}

	map forward_ip6 {
		type ipv6_addr . inet_proto . inet_service : verdict
		flags interval
		elements = { ::/0 . 6 . 80 : jump n_1_a,
			     2001:db8::1 . 17 . 8000-9000 comment "x" : jump n_1_b }
	}
}
`);
  expect(maps).toEqual([
    {
      name: 'to_guest',
      type: 'ifname : verdict',
      elements: [
        { key: '"virbr0"', verdict: 'jump n_1_to' },
        { key: '"a b, c:d"', verdict: 'accept' },
      ],
    },
    {
      name: 'forward_ip6',
      type: 'ipv6_addr . inet_proto . inet_service : verdict',
      elements: [
        { key: '::/0 . tcp . 80', verdict: 'jump n_1_a' },
        { key: '2001:db8::1 . udp . 8000-9000', verdict: 'jump n_1_b' },
      ],
    },
  ]);
});

it('reads rules with the names of protocols, and a table that sleeps', () => {
  const table = parseTable(`table inet virtnet {
	flags dormant

	chain forwarded {
		meta l4proto 6 reject with tcp reset
		ip daddr 10.0.6.17 meta l4proto { 6, 17, 132 } masquerade to :6-17
	}
}
`);
  expect(table.isDormant).toBe(true);
  expect(table.chains).toEqual([
    {
      name: 'forwarded',
      rules: ['meta l4proto tcp reject with tcp reset', 'ip daddr 10.0.6.17 meta l4proto { tcp, udp, 132 } masquerade to :6-17'],
    },
  ]);
});
