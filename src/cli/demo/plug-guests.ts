import { run } from '../../host/tools/command.ts';
import type { NetworkDriver } from '../../driver/driver.ts';
import { formatIp } from '../../inet/ip.ts';
import { lastAddress, parseSubnet } from '../../inet/subnet.ts';
import { isManaged, type Network } from '../../network/network.ts';
import { addressOf } from '../views.ts';
import { askDhcp, globalIpv6, setByHand, untilForwarding, type GuestState, type HandAddress } from './guest.ts';

/** A guest whose eth0 leads to the network. */
export type PluggedGuest = Pick<GuestState, 'name' | 'mac' | 'device'>;

/** Plugs a guest, whose namespace is there, into a network that runs. */
export async function plugGuest(driver: NetworkDriver, network: string, name: string): Promise<PluggedGuest> {
  const { port } = await driver.attach(network, { attachment: { type: 'netns', netns: name, guestDev: 'eth0' }, owner: { name } });
  await run(['ip', '-n', name, 'link', 'set', 'eth0', 'up']);
  return { name, mac: port.port.mac, device: 'dev' in port.attachment ? port.attachment.dev : '' };
}

/**
 * Lets each guest have the addresses that the network offers: by DHCP, or by hand where there is none, and by router advertisement.
 * @param folder for what the DHCP client writes
 * @param tell told of each guest's IPv4 address
 */
export async function addressGuests<G extends readonly PluggedGuest[]>(
  network: Network,
  guests: G,
  folder: string,
  tell: (line: string) => void,
): Promise<{ [I in keyof G]: GuestState }> {
  await Promise.all(guests.map(({ device }) => untilForwarding(device)));
  const leases = await Promise.all(
    guests.map(async ({ name }, i) => {
      const lease = servesIpv4(network) ? await askDhcp(name, folder) : await setByHand(name, handAddress(network, i));
      if (lease !== undefined) {
        tell(`  ${name} has ${lease['ip'] ?? ''}${lease['lease'] === undefined ? ', set by hand: there is no DHCP here' : ''}\n`);
      }
      return lease;
    }),
  );
  if (advertises(network)) tell('  waiting: guests make IPv6 addresses of router advertisements, and make sure that nobody has them\n');
  const addressed = await Promise.all(
    guests.map(async (guest, i): Promise<GuestState> => {
      const lease = leases[i];
      return {
        ...guest,
        ipv6: await waitForIpv6(guest.name, network),
        ...(lease?.['lease'] === undefined ? {} : { lease: Number(lease['lease']) }),
        ...pick('ipv4', lease?.['ip']),
        ...pick('router', lease?.['router']),
        ...pick('dns', lease?.['dns']),
        ...pick('domain', lease?.['domain']),
      };
    }),
  );
  return addressed as { [I in keyof G]: GuestState };
}

/** IPv4 addresses are handed out: by the network, or by the LAN that its guests are on. */
export function servesIpv4(network: Network): boolean {
  return !isManaged(network) || network.ips.some((ip) => ip.family !== 'ipv6' && ip.dhcp !== undefined && ip.dhcp.ranges.length > 0);
}

/** Guests make themselves an IPv6 address: an IPv6 subnet of 64 bits that is not handed out by DHCPv6 instead. */
export function advertises(network: Network): boolean {
  const six = network.ips.filter((ip) => ip.family === 'ipv6');
  return isManaged(network) && six.some((ip) => (ip.prefix ?? 64) === 64) && !six.some((ip) => ip.dhcp !== undefined);
}

/** Where nobody hands out IPv4 addresses: one of the subnet's last, or of a private one where the network has no IPv4 address at all. */
function handAddress(network: Network, index: number): HandAddress {
  const ip = network.ips.find((i) => i.family !== 'ipv6');
  const subnet = ip && parseSubnet(addressOf(ip));
  if (!ip || !subnet) return { address: `10.255.77.${String(index + 1)}/24` };
  const last = lastAddress(subnet);
  return { address: `${formatIp({ ...last, value: last.value - BigInt(index + 1) })}/${String(subnet.prefix)}`, router: ip.address };
}

/** Waits until the guest has made itself an IPv6 address, where the network offers a way. */
async function waitForIpv6(name: string, network: Network): Promise<readonly string[]> {
  for (let tries = advertises(network) ? 30 : 1; tries > 0; tries--) {
    const found = await globalIpv6(name);
    if (found.length > 0) return found;
    if (tries > 1) await new Promise((done) => setTimeout(done, 200));
  }
  return [];
}

function pick<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined || value === '' ? {} : ({ [key]: value } as Partial<Record<K, string>>);
}
