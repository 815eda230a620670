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
    <txt name='plain' value='one value'/>
    <txt name='list' value='one,two'/>
    <txt name='grouped' value='&quot;one,two&quot;'/>
    <txt name='hash' value='a # b #c'/>
    <txt name='quote' value='5&quot; disk \\ path'/>
    <txt name='option' value='x;port=1 $(reboot)'/>
    <srv service='sip' protocol='tcp' domain='lab.example' target='pbx.lab.example' port='5060' priority='3' weight='7'/>
    <host ip='192.168.77.9'><hostname>pbx</hostname><hostname>voice</hostname></host>
  </dns>
  <ip address='192.168.77.1' netmask='255.255.255.0' localPtr='yes'/>
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
  ])('is told the text of %s as the document has it', async (name, strings) => {
    expect(await resolver.resolveTxt(name)).toEqual([strings]);
  });

  test('finds services and hosts, by name with and without the domain, and by address', async () => {
    expect(await resolver.resolveSrv('_sip._tcp.lab.example')).toEqual([{ name: 'pbx.lab.example', port: 5060, priority: 3, weight: 7 }]);
    expect(await resolver.resolve4('pbx')).toEqual(['192.168.77.9']);
    expect(await resolver.resolve4('voice.lab.example')).toEqual(['192.168.77.9']);
    expect(await resolver.reverse('192.168.77.9')).toContain('pbx.lab.example');
  });

  test('is told at once that a name of the domain does not exist', async () => {
    await expect(resolver.resolve4('nobody.lab.example')).rejects.toMatchObject({ code: 'ENOTFOUND' });
    await expect(resolver.reverse('192.168.77.200')).rejects.toMatchObject({ code: 'ENOTFOUND' });
  });
});
