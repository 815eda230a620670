import { execFileSync } from 'node:child_process';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import type { PortRecord } from '../../src/compile/port.ts';

export const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' });

/** A NAT network with everything that makes a resource: both families, DHCP, fixed hosts, names and a route. */
export const nat = `<network>
  <name>nat</name>
  <uuid>3e3fce45-4f53-4fa7-bb32-11f34168b82b</uuid>
  <forward mode='nat'/>
  <bridge name='virbr7' stp='on' delay='0'/>
  <mac address='52:54:00:77:00:01'/>
  <domain name='lab.example'/>
  <dns><host ip='10.77.0.2'><hostname>two</hostname></host></dns>
  <bandwidth><inbound average='10000' peak='20000' burst='1000'/><outbound average='8000'/></bandwidth>
  <ip address='10.77.0.1' netmask='255.255.255.0'>
    <dhcp>
      <range start='10.77.0.100' end='10.77.0.199'/>
      <host mac='52:54:00:00:00:02' name='two' ip='10.77.0.2'/>
    </dhcp>
  </ip>
  <ip family='ipv6' address='fd77::1' prefix='64'/>
  <route address='10.78.0.0' prefix='16' gateway='10.77.0.2'/>
</network>`;

/** The same, edited: another range, another name, an address more, no route. */
export const changed = nat
  .replace("end='10.77.0.199'", "end='10.77.0.250'")
  .replace('<hostname>two</hostname>', '<hostname>zwei</hostname>')
  .replace("average='8000'", "average='9000'")
  .replace(/ {2}<route.*\n/, "  <ip address='10.79.0.1' netmask='255.255.255.0'/>\n");

export const isolated = `<network>
  <name>isolated</name>
  <uuid>7d7a5a2e-1c1e-4c8a-9a55-0f5a1f0f7a11</uuid>
  <bridge name='virbr8' stp='on' delay='0'/>
  <mac address='52:54:00:88:00:01'/>
  <ip address='10.88.0.1' netmask='255.255.255.0'/>
</network>`;

let guests = 0;

/** A network namespace plugged into a network, named as its owner. */
export async function attachGuest(driver: NetworkDriver, network: string, name: string): Promise<PortRecord> {
  sh(`ip netns add ${name}`);
  const mac = `52:54:00:99:00:${(++guests).toString(16).padStart(2, '0')}`;
  const { port } = await driver.attach(network, { mac, owner: { name }, attachment: { type: 'netns', netns: name } });
  return port;
}
