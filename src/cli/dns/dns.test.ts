import { describe, expect, test } from 'vitest';
import { parseNetwork } from '../../network/index.ts';
import { recordsOf } from './records.ts';
import { ruleFor, rulesOf } from './rules.ts';

const network = parseNetwork(`<network><name>lab</name><forward mode='nat'/><domain name='lab.internal' localOnly='yes'/>
  <dns forwardPlainNames='no'><forwarder domain='corp.example' addr='10.1.1.1'/><forwarder domain='vpn.corp.example'/>
    <txt name='note' value='hello'/><host ip='10.0.0.5'><hostname>db</hostname><hostname>old.example</hostname></host>
    <srv service='ldap' protocol='tcp' target='db' port='389'/></dns>
  <ip address='10.0.0.1' prefix='24'><dhcp><range start='10.0.0.10' end='10.0.0.20'/><host mac='52:54:00:00:00:09' name='web' ip='10.0.0.9'/></dhcp></ip></network>`);
const lease = (hostname: string, expiry: number, ip = '10.0.0.11'): Parameters<typeof recordsOf>[1][number] => ({
  interface: 'virbr0',
  expiry,
  family: 'ipv4',
  ip,
  prefix: 24,
  hostname,
});

describe('who answers what', () => {
  test('records come from the document, reserved addresses and leases that hold', () => {
    const found = recordsOf(network, [lease('vm1', 2000), lease('gone', 500), lease('always', 0)], 1000);
    expect(found.map((r) => `${r.name} ${r.type} ${r.value} ${r.from}`)).toEqual([
      'db.lab.internal A 10.0.0.5 document',
      'old.example A 10.0.0.5 document',
      '_ldap._tcp.lab.internal SRV 0 0 389 db document',
      'note TXT hello document',
      'web.lab.internal A 10.0.0.9 reserved',
      'vm1.lab.internal A 10.0.0.11 lease',
      'always.lab.internal A 10.0.0.11 lease',
    ]);
  });

  test('a reserved address is a lease as long as its guest has one', () => {
    const of = (expiry: number): readonly string[] =>
      recordsOf(network, [lease('web', expiry, '10.0.0.9')], 1000).flatMap((r) => (r.value === '10.0.0.9' ? `${r.name} ${r.from}` : []));
    expect(of(2000)).toEqual(['web.lab.internal lease']);
    expect(of(500)).toEqual(['web.lab.internal reserved']);
  });

  test.each([
    ['host.corp.example', '10.1.1.1'],
    ['a.vpn.corp.example', "the host's resolvers"],
    ['nothing.lab.internal', 'nobody: such a name does not exist'],
    ['plain', 'nobody: such a name does not exist'],
    ['notcorp.example', "the host's resolvers"],
  ])('%s is answered by %s', (name, by) => {
    expect(ruleFor(name, rulesOf(network))?.answeredBy).toBe(by);
  });

  test('an isolated network asks nobody, a forwarder for everything is asked instead of the resolvers', () => {
    const isolated = parseNetwork(`<network><name>a</name><bridge name='b0'/></network>`);
    expect(rulesOf(isolated)).toEqual([{ names: 'everything else', answeredBy: 'nobody: the network is isolated' }]);
    const forwarded = parseNetwork(
      `<network><name>a</name><forward/><dns><forwarder addr='9.9.9.9'/></dns><ip address='10.0.0.1' prefix='24'/></network>`,
    );
    expect(rulesOf(forwarded)).toEqual([{ names: 'everything else', answeredBy: '9.9.9.9' }]);
  });
});
