import { writeFileSync } from 'node:fs';
import { RawClient } from '../../support/raw-client.ts';

/**
 * Creates networks that cannot start on the lab's host, each for another reason, and writes every field of the answers:
 *   node failing-starts.mjs READ-WRITE-SOCKET RESULT
 */
const [path = '', result = ''] = process.argv.slice(2);
const mac = `<mac address='52:54:00:0d:00:01'/>`;
const ip = `<ip address='10.96.1.1' netmask='255.255.255.0'/>`;
const holes = `<ip address='10.96.2.1' netmask='255.0.255.0'/>`;
const bodies: Readonly<Record<string, string>> = {
  'a link has the name of the bridge': `<bridge name='br0'/>${mac}${ip}`,
  'an interface has the name of the bridge': `<bridge name='eth2'/>${mac}${ip}`,
  'the name of the bridge is too long': `<bridge name='a-name-of-seventeen'/>${mac}${ip}`,
  'the name of the bridge has a slash': `<bridge name='a/b'/>${mac}${ip}`,
  'the name of the bridge is a dot': `<bridge name='..'/>${mac}${ip}`,
  'an interface has the subnet': `<bridge name='vf1'/>${mac}<ip address='203.0.113.1' prefix='24'/>`,
  'a route to the subnet of an interface': `<bridge name='vf1'/>${mac}${ip}<route address='203.0.113.0' prefix='24' gateway='10.96.1.9'/>`,
  'an interface has the name of the bridge, and one the subnet of a route': `<bridge name='eth21'/>${mac}${ip}<route address='203.0.113.0' prefix='24' gateway='10.96.1.9'/>`,
  'no virtual functions': `<forward mode='hostdev'><pf dev='eth20'/></forward>`,
  'no such physical function': `<forward mode='hostdev'><pf dev='nope'/></forward>`,
  'virtual functions for macvtap': `<forward mode='passthrough'><pf dev='eth20'/></forward>`,
  'a mask with holes': `<bridge name='vf1'/>${mac}${holes}`,
  'a mask with holes, with NAT': `<forward mode='nat'/><bridge name='vf1'/>${mac}${holes}`,
  'a mask with holes, routed': `<forward mode='route'/><bridge name='vf1'/>${mac}${holes}`,
  'a mask with holes, without packet rules': `<forward mode='open'/><bridge name='vf1'/>${mac}${holes}`,
  'a mask with holes after an address that is given twice': `<bridge name='vf1'/>${mac}${ip}${ip}${holes}`,
  'a mask with holes after an address that is given twice, with NAT': `<forward mode='nat'/><bridge name='vf1'/>${mac}${ip}${ip}${holes}`,
  'one address twice': `<bridge name='vf1'/>${mac}${ip}${ip}`,
  'a MAC address of zeros': `<bridge name='vf1'/><mac address='00:00:00:00:00:00'/>${ip}`,
  'too small a maximum': `<bridge name='vf1'/>${mac}<mtu size='20'/>${ip}`,
  'too large a maximum': `<bridge name='vf1'/>${mac}<mtu size='100000'/>${ip}`,
  'DHCPv6 on a small prefix': `<bridge name='vf1'/>${mac}<ip family='ipv6' address='fd96::1' prefix='96'><dhcp><range start='fd96::10' end='fd96::20'/></dhcp></ip>`,
  'a reverse zone of no octet': `<bridge name='vf1'/>${mac}<domain name='x.test'/><ip address='10.96.1.1' prefix='25' localPtr='yes'/>`,
  'a folder of TFTP that is not there': `<bridge name='vf1'/>${mac}<ip address='10.96.1.1' prefix='24'><tftp root='/nowhere'/></ip>`,
  'an option that dnsmasq does not know': `<bridge name='vf1'/>${mac}${ip}<d:options xmlns:d='http://libvirt.org/schemas/network/dnsmasq/1.0'><d:option value='no-such-option'/></d:options>`,
  // The last one: libvirt then deletes the interface.
  'the interface of the bridge’s name has the subnet': `<bridge name='eth1'/>${mac}<ip address='203.0.113.1' prefix='24'/>`,
};
const rows: string[] = [];
const client = await RawClient.open(path);
for (const [what, body] of Object.entries(bodies)) {
  const uuid = '0d0d0d0d-2222-4222-8333-000000000001';
  const outcome = await client.try('networkCreateXml', `<network><name>f</name><uuid>${uuid}</uuid>${body}</network>`);
  rows.push(`${what}: ${JSON.stringify(outcome)}`);
  if (outcome.ok) await client.call('networkDestroy', outcome.value);
}
client.end();
writeFileSync(result, JSON.stringify(rows));
