import { expect, test } from 'vitest';
import { askByDhcp } from './dhcp-client.ts';

const own = (name: string): string => `mkdir -p /etc/netns/${name} && touch /etc/netns/${name}/resolv.conf && `;

test.each([
  ['no-such-ns', `${own('no-such-ns')}ip netns exec no-such-ns udhcpc -i eth0`],
  ['/run/netns/no-such-ns', `${own('no-such-ns')}ip netns exec no-such-ns udhcpc -i eth0`],
  ['/var/run/netns/no-such-ns', `${own('no-such-ns')}ip netns exec no-such-ns udhcpc -i eth0`],
])('a client in %s writes a resolv.conf of its own, not the host’s', (netns, line) => {
  expect(askByDhcp(netns, 'eth0', false)).toBe(line);
});

test('in a sandbox, whose file is private, the client is all', () => {
  expect(askByDhcp('web', 'net1', true)).toBe('ip netns exec web udhcpc -i net1');
});

test('a namespace without a name is entered by whoever has made it', () => {
  expect(askByDhcp('/proc/4711/ns/net', 'eth0', false)).toMatch(/^udhcpc -i eth0 {3}\(inside/);
});
