import { Resolver } from 'node:dns/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileNetwork, compileShared } from '../../src/compile/compile.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { readNetwork } from '../../src/network/read.ts';
import { reach } from '../support/states.ts';

const paths = {
  runDir: process.env['VIRTNET_RUN_DIR'] ?? '/run/test/run',
  stateDir: process.env['VIRTNET_STATE_DIR'] ?? '/run/test/lib',
  leaseScript: '/bin/true',
};
const host = linuxHost({ paths });

/** Text that means something to dnsmasq's files, as XML. */
const document = `<network>
  <name>records</name>
  <uuid>4f7dc2a5-0000-4000-8000-000000000777</uuid>
  <bridge name='vbdns' stp='off'/>
  <mac address='52:54:00:00:07:77'/>
  <domain name='lab.example' localOnly='yes'/>
  <dns>
    <forwarder domain='k\u00e4se.example' addr='192.0.2.53'/>
    <txt name='plain' value='one value'/>
    <txt name='list' value='one,two'/>
    <txt name='grouped' value='&quot;one,two&quot;'/>
    <txt name='hash' value='a # b #c'/>
    <txt name='quote' value='5&quot; disk \\ path'/>
    <txt name='empty' value=''/>
    <txt name='long' value='${'x'.repeat(300)}'/>
    <txt name='option' value='x;port=1 $(reboot)'/>
    <srv service='sip' protocol='tcp' domain='lab.example' target='pbx.lab.example' port='5060' priority='3' weight='7'/>
    <srv service='none' protocol='tcp' domain='lab.example' target='.' port='1024' priority='10' weight='10'/>
    <srv service='most' protocol='sctp' domain='d.example' target='t.d.example' port='65535' priority='65535' weight='65535'/>
    <srv service='least' protocol='udp' target='t.lab.example' weight='5'/>
    <host ip='fd77::9'><hostname>six</hostname><hostname>six.other.example</hostname></host>
    <host ip='192.168.77.10'><hostname>\u00fcnter</hostname></host>
    <host ip='192.168.77.9'><hostname>pbx</hostname><hostname>voice</hostname></host>
  </dns>
  <ip address='192.168.77.1' netmask='255.255.255.0' localPtr='yes'/>
  <ip family='ipv6' address='fd77::1' prefix='64' localPtr='yes'/>
</network>`;

const resolver = new Resolver({ timeout: 2000, tries: 3 });

beforeAll(async () => {
  const { network, diagnostics } = readNetwork(document);
  if (!network) throw new Error(JSON.stringify(diagnostics));
  const result = compileNetwork({ network, ports: [], facts: await host.facts() });
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  await reach(host, [...compileShared([network]), ...result.value]);
  resolver.setServers(['192.168.77.1']);
});
afterAll(async () => {
  await reach(host, []);
  await host[Symbol.asyncDispose]();
});

describe('a client that asks the network for names', () => {
  test.each([
    ['plain', ['one value']],
    ['list', ['one', 'two']],
    ['grouped', ['one,two']],
    ['hash', ['a # b #c']],
    ['quote', ['5" disk \\ path']],
    ['option', ['x;port=1 $(reboot)']],
    ['empty', ['']],
    // A string of a record has 255 bytes at most (RFC 1035, 3.3.14), so this is two.
    ['long', ['x'.repeat(255), 'x'.repeat(45)]],
  ])('is told the text of %s as the document has it', async (name, strings) => {
    expect(await resolver.resolveTxt(name)).toEqual([strings]);
  });

  test('finds services and hosts, by name with and without the domain, and by address', async () => {
    expect(await resolver.resolveSrv('_sip._tcp.lab.example')).toEqual([{ name: 'pbx.lab.example', port: 5060, priority: 3, weight: 7 }]);
    expect(await resolver.resolveSrv('_most._sctp.d.example')).toEqual([
      { name: 't.d.example', port: 65535, priority: 65535, weight: 65535 },
    ]);
    expect(await resolver.resolveSrv('_least._udp.lab.example')).toEqual([{ name: 't.lab.example', port: 1, priority: 0, weight: 5 }]);
    // "No such service" (RFC 2782).
    expect(await resolver.resolveSrv('_none._tcp.lab.example')).toEqual([{ name: '', port: 1, priority: 0, weight: 0 }]);
    expect(await resolver.resolve4('pbx')).toEqual(['192.168.77.9']);
    expect(await resolver.resolve4('voice.lab.example')).toEqual(['192.168.77.9']);
    expect(await resolver.reverse('192.168.77.9')).toContain('pbx.lab.example');
    expect([await resolver.resolve6('six'), await resolver.resolve6('six.other.example')]).toEqual([['fd77::9'], ['fd77::9']]);
    expect(await resolver.reverse('fd77::9')).toContain('six.lab.example');
  });

  test('finds a host whose name has other letters than those of ASCII, in the form in which DNS has it', async () => {
    expect(await resolver.resolve4('xn--nter-zra.lab.example')).toEqual(['192.168.77.10']);
  });

  test('is told at once that a name of the domain does not exist', async () => {
    await expect(resolver.resolve4('nobody.lab.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.reverse('192.168.77.200')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.reverse('fd77::200')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});
