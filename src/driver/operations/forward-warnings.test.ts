import { expect, it } from 'vitest';
import { ip4, network } from '../../../test/support/network.ts';
import { FORWARDS_NAMESPACE } from '../../forwards/forward.ts';
import type { Listener } from '../../host/system/listeners.ts';
import { shadowedListeners } from './forward-warnings.ts';

const withForward = (rest: string) =>
  network('nat', {
    ips: [ip4],
    metadata: [
      {
        namespace: FORWARDS_NAMESPACE,
        xml: `<forwards xmlns='${FORWARDS_NAMESPACE}'><forward proto='tcp' ${rest} to='192.168.122.9'/></forwards>`,
      },
    ],
  });

it.each<[string, Partial<Listener>, boolean]>([
  ["port='80'", { port: 80 }, true],
  ["port='70' end='90'", { port: 80, address: '203.0.113.1' }, true],
  ["port='80' address='203.0.113.1'", { port: 80, address: '203.0.113.1' }, true],
  ["port='80' address='203.0.113.1'", { port: 80, address: '203.0.113.2' }, false],
  ["port='80'", { port: 80, family: 'ipv6' }, true],
  ["port='80'", { port: 80, family: 'ipv6', address: '2001:db8::1' }, false],
  ["port='80'", { port: 80, address: '127.0.0.1' }, false],
  ["port='80'", { port: 80, proto: 'udp' }, false],
  ["port='80'", { port: 81 }, false],
])('a forward of %s hides a program on %o: %s', (rest, listener, isHidden) => {
  const found = shadowedListeners(withForward(rest), [{ proto: 'tcp', family: 'ipv4', port: 0, ...listener }]);
  expect(found.map((d) => `${d.severity} ${d.code}`)).toEqual(isHidden ? ['warning VNC015'] : []);
});
