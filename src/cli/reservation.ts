import { isVirtnetError, VirtnetError } from '../base/errors.ts';
import type { Affect, NetworkDriver, NetworkInfo, UpdateRequest } from '../driver/driver.ts';
import { portNamed } from '../driver/operations/attach.ts';
import { formatIp, parseIp } from '../inet/ip.ts';
import { parseMac } from '../inet/mac.ts';
import { contains, formatSubnet, network as networkOf } from '../inet/subnet.ts';
import type { DhcpHost } from '../network/dhcp-host.ts';
import { subnetOf } from '../network/ip.ts';
import type { Network } from '../network/network.ts';
import { emptyElement } from '../xml/write.ts';
import { affectOf } from './affect.ts';
import { shellLine } from './render/text.ts';
import { storedNetwork } from './stored-network.ts';
import { text, type Options } from './verb.ts';

/** A fixed address that is to come or to go. */
export interface Reservation {
  readonly command: 'add-last' | 'delete';
  readonly parentIndex: number;
  readonly host: DhcpHost;
  /** What of the host the update says. */
  readonly by: Partial<DhcpHost>;
  readonly affect: Affect;
}

/** A guest is to have an address from now on, wherever it has not yet (`affect`): that of its lease where none is named. */
export async function addition(
  driver: NetworkDriver,
  info: NetworkInfo,
  who: string,
  address: string | undefined,
  options: Options,
): Promise<Omit<Reservation, 'affect'> & { readonly affect: Affect | undefined }> {
  const guest = await guestOf(driver, info, who);
  const ip = address ?? (await leased(driver, info, who, guest));
  const hostname = text(options, 'name');
  const host = { ...guest, ...(hostname === undefined ? {} : { name: hostname }), ip };
  const parentIndex = placeOf(info.network, ip);
  const wanted = affectOf(info, options);
  const isPossible = (wanted === 'config' || info.active) && (wanted === 'live' || info.persistent); // the driver refuses the others
  const { live, config } = await documentsOf(driver, info, wanted);
  const [now, later] = [live, config].map((network) => network && !isReserved(network, parentIndex, host));
  return { command: 'add-last', parentIndex, host, by: host, affect: isPossible ? affectWhere(now, later) : wanted };
}

/** Whether a document says so already. @throws VirtnetError VNE004: it says something else of the guest, its name or the address */
function isReserved({ name, ips }: Network, parentIndex: number, wanted: DhcpHost): boolean {
  const parts = (['mac', 'name', 'ip', 'id'] as const).filter((part) => wanted[part] !== undefined);
  for (const host of ips[parentIndex]?.dhcp?.hosts ?? []) {
    const same = parts.filter((part) => host[part]?.toLowerCase() === wanted[part]?.toLowerCase());
    if (same.length === parts.length) return true;
    if (same.some((part) => part !== 'id'))
      throw new VirtnetError({
        code: 'VNE004',
        message: `${host.ip} is reserved for ${nameOf(host)} on ${name} already`,
        hint: `remove that first (${shellLine('virtnet', 'reserve', name, 'remove', host.ip)}), or choose another ${same.includes('ip') ? 'address' : 'guest'}`,
      });
  }
  return false;
}

/** By its MAC address or its DUID, or one that is plugged, by what `ports` calls it. @throws VirtnetError VND004 */
async function guestOf(driver: NetworkDriver, { name, uuid, active }: NetworkInfo, who: string): Promise<Pick<DhcpHost, 'mac' | 'id'>> {
  const mac = parseMac(who);
  if (mac !== undefined) return { mac };
  if (/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){6,}$/i.test(who)) return { id: who };
  if (!active)
    throw new VirtnetError({
      code: 'VND004',
      message: `${name} does not run, and '${who}' is no MAC address and no DUID`,
      hint: 'name the guest by one of them',
    });
  const ports = await driver.ports({ uuid });
  return { mac: portNamed({ ports: new Map(ports.map((record) => [record.port.uuid, record])) }, who).port.mac };
}

async function leased(driver: NetworkDriver, info: NetworkInfo, who: string, { mac }: Pick<DhcpHost, 'mac'>): Promise<string> {
  const leases = info.active && mac !== undefined ? await driver.leases({ uuid: info.uuid }, mac) : [];
  const lease = leases.find(({ family }) => family === 'ipv4');
  if (lease === undefined) throw usage(`${who} has no lease on ${info.name} whose address it could keep`, 'name an address');
  return lease.ip;
}

/** Which `<ip>` of the network has the address in its subnet. @throws VirtnetError VNU001 */
function placeOf({ name, ips }: Network, address: string): number {
  const ip = parseIp(address);
  if (ip === undefined) throw usage(`'${address}' is no IP address`, 'write it as 192.168.122.5 or 2001:db8::5');
  const subnets = ips.map(subnetOf);
  const at = subnets.findIndex((subnet) => subnet !== undefined && contains(subnet, ip));
  if (at >= 0 && ips[at]?.address === formatIp(ip)) throw usage(`${formatIp(ip)} is the address of ${name} itself`, 'choose another');
  if (at >= 0) return at;
  const there = subnets.flatMap((subnet) => (subnet === undefined ? [] : [formatSubnet(networkOf(subnet))]));
  throw usage(
    `${formatIp(ip)} is in no subnet of ${name}`,
    there.length === 0 ? 'the network has no <ip>: give it one first' : `choose one of ${there.join(', ')}`,
  );
}

/** A reservation is to go, from wherever it is unless --live or --config says. @throws VirtnetError VNE005 */
export async function removal(driver: NetworkDriver, info: NetworkInfo, who: string, options: Options): Promise<Reservation> {
  const documents = await documentsOf(driver, info, affectOf(info, options));
  const found = foundIn(documents, who) ?? foundIn(documents, await pluggedMac(driver, info, who));
  if (found !== undefined) return { command: 'delete', ...found };
  throw new VirtnetError({
    code: 'VNE005',
    message: `no address of ${info.name} is reserved for '${who}'`,
    hint: shellLine('virtnet', 'reserve', info.name),
  });
}

interface Documents {
  readonly live: Network | undefined;
  readonly config: Network | undefined;
}

async function documentsOf(driver: NetworkDriver, info: NetworkInfo, affect: Affect): Promise<Documents> {
  return {
    live: affect === 'config' ? undefined : info.network,
    config: affect === 'live' ? undefined : await storedNetwork(driver, info),
  };
}

/** What a change of the running document, of the stored one, or of both affects; undefined for neither. */
function affectWhere(live: unknown, config: unknown): Affect | undefined {
  if (live) return config ? 'live+config' : 'live';
  return config ? 'config' : undefined;
}

/** By what it was named in those of the documents that have it: the rest may differ. */
function foundIn({ live, config }: Documents, who: string | undefined): Omit<Reservation, 'command'> | undefined {
  if (who === undefined) return undefined;
  const [now, later] = [live, config].map((network) => network && hostOf(network, who));
  const found = now ?? later;
  const affect = affectWhere(now, later);
  return found && affect && { ...found, affect };
}

function hostOf({ ips }: Network, who: string): Pick<Reservation, 'parentIndex' | 'host' | 'by'> | undefined {
  const isWho = (text: string | undefined): boolean => text?.toLowerCase() === who.toLowerCase();
  for (const [parentIndex, { dhcp }] of ips.entries())
    for (const host of dhcp?.hosts ?? []) {
      const { mac, id, name, ip } = host;
      if (mac !== undefined && isWho(mac)) return { parentIndex, host, by: { mac } };
      if (name === who) return { parentIndex, host, by: { name } };
      if (isWho(ip) || isWho(id)) return { parentIndex, host, by: { ip } };
    }
  return undefined;
}

/** The MAC address of a guest that is plugged, by what `ports` calls it. */
async function pluggedMac(driver: NetworkDriver, info: NetworkInfo, who: string): Promise<string | undefined> {
  try {
    return (await guestOf(driver, info, who)).mac;
  } catch (error) {
    if (isVirtnetError(error) && error.code === 'VND004') return undefined;
    throw error;
  }
}

export function requestOf({ command, parentIndex, by, affect }: Reservation): UpdateRequest {
  const { mac, id, name, ip } = by;
  const fragment = emptyElement('host', Object.entries({ mac, id, name, ip }));
  return { section: 'ip-dhcp-host', command, parentIndex, fragment, affect };
}

export function nameOf({ name, mac, id, ip }: DhcpHost): string {
  return name ?? mac ?? id ?? ip;
}

function usage(message: string, hint: string): VirtnetError {
  return new VirtnetError({ code: 'VNU001', message, hint });
}
