import { isVirtnetError, VirtnetError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import { portNamed } from '../../driver/operations/attach.ts';
import type { Affect, NetworkDriver, NetworkInfo, UpdateRequest } from '../../driver/driver.ts';
import { formatIp, parseIp } from '../../inet/ip.ts';
import { parseMac } from '../../inet/mac.ts';
import { contains, formatSubnet, network as networkOf } from '../../inet/subnet.ts';
import type { DhcpHost } from '../../network/dhcp-host.ts';
import { subnetOf } from '../../network/ip.ts';
import type { Network } from '../../network/network.ts';
import { emptyElement } from '../../xml/write.ts';
import { affectOf, takesEffect } from '../affect.ts';
import { makeChange } from '../change.ts';
import { OK } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatTable } from '../render/table.ts';
import { sentence, shellLine } from '../render/text.ts';
import { storedNetwork } from '../stored-network.ts';
import { flag, text, type Options, type Run } from '../verb.ts';
import { printJson } from '../views.ts';

/** How many words each command takes behind it: at least and at most. */
const COMMANDS: Readonly<Record<string, readonly [number, number]>> = { list: [0, 0], add: [1, 2], remove: [1, 1] };

interface Reservation {
  readonly command: 'add-last' | 'delete';
  readonly parentIndex: number;
  readonly host: DhcpHost;
  /** What of the host the update says. */
  readonly by: Partial<DhcpHost>;
  readonly affect: Affect;
}

export const run: Run = async (io, [name = '', command = 'list', ...words], options) => {
  checkWords(command, words, options);
  await using driver = await io.openDriver();
  const info = await driver.get(name);
  if (command === 'list') return await list(io, driver, info, options);
  const [who = '', address] = words;
  const change = command === 'add' ? await addition(driver, info, who, address, options) : await removal(driver, info, who, options);
  return await makeChange(
    io,
    { ...options, yes: true },
    {
      apply: (how) => driver.update({ uuid: info.uuid }, requestOf(change), how),
      showPlan: false,
      report: () => report(info, change),
      storedOnlyOf: change.affect === 'config' ? info.name : undefined,
    },
  );
};

/** @throws VirtnetError VNU001 */
function checkWords(command: string, words: readonly string[], options: Options): void {
  const [least, most] = COMMANDS[command] ?? [];
  if (least === undefined || most === undefined) {
    const all = Object.keys(COMMANDS);
    const near = nearest(command, all);
    throw usage(`unknown command "${command}"`, near === undefined ? `one of ${all.join(', ')}` : `did you mean "${near}"?`);
  }
  if (words.length < least || words.length > most)
    throw usage(
      command === 'list' ? 'list takes no guest' : `${command} takes a guest${most > 1 ? ', and its address' : ''}`,
      command === 'remove' ? 'virtnet reserve NAME remove web' : 'virtnet reserve NAME add 52:54:00:00:00:05 192.168.122.5',
    );
  if (text(options, 'name') !== undefined && command !== 'add') throw usage('--name is for add', 'leave it out');
}

/** A guest is to have an address from now on: that of its lease where none is named. */
async function addition(
  driver: NetworkDriver,
  info: NetworkInfo,
  who: string,
  address: string | undefined,
  options: Options,
): Promise<Reservation> {
  const guest = await guestOf(driver, info, who);
  const ip = address ?? (await leased(driver, info, who, guest));
  const hostname = text(options, 'name');
  const host = { ...guest, ...(hostname === undefined ? {} : { name: hostname }), ip };
  return { command: 'add-last', parentIndex: placeOf(info.network, ip), host, by: host, affect: affectOf(info, options) };
}

/** By its MAC address or its DUID, or one that is plugged, by what `ports` calls it. @throws VirtnetError VND004 */
async function guestOf(driver: NetworkDriver, { uuid, active }: NetworkInfo, who: string): Promise<Pick<DhcpHost, 'mac' | 'id'>> {
  const mac = parseMac(who);
  if (mac !== undefined) return { mac };
  if (/^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){6,}$/i.test(who)) return { id: who };
  const ports = active ? await driver.ports({ uuid }) : [];
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
  if (at >= 0) return at;
  const there = subnets.flatMap((subnet) => (subnet === undefined ? [] : [formatSubnet(networkOf(subnet))]));
  throw usage(
    `${formatIp(ip)} is in no subnet of ${name}`,
    there.length === 0 ? 'the network has no <ip>: give it one first' : `choose one of ${there.join(', ')}`,
  );
}

/** A reservation is to go, from wherever it is unless --live or --config says. @throws VirtnetError VNE005 */
async function removal(driver: NetworkDriver, info: NetworkInfo, who: string, options: Options): Promise<Reservation> {
  const wanted = affectOf(info, options);
  const documents = {
    live: wanted === 'config' ? undefined : info.network,
    config: wanted === 'live' ? undefined : await storedNetwork(driver, info),
  };
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

/** By what it was named in those of the documents that have it: the rest may differ. */
function foundIn({ live, config }: Documents, who: string | undefined): Omit<Reservation, 'command'> | undefined {
  if (who === undefined) return undefined;
  const [now, later] = [live, config].map((network) => network && hostOf(network, who));
  const found = now ?? later;
  return found && { ...found, affect: now && later ? 'live+config' : now ? 'live' : 'config' };
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

function requestOf({ command, parentIndex, by, affect }: Reservation): UpdateRequest {
  const { mac, id, name, ip } = by;
  const fragment = emptyElement('host', Object.entries({ mac, id, name, ip }));
  return { section: 'ip-dhcp-host', command, parentIndex, fragment, affect };
}

function report(info: NetworkInfo, { command, host, affect }: Reservation): string {
  const who = host.name ?? host.mac ?? host.id ?? host.ip;
  const when = takesEffect(info, affect);
  if (command === 'delete') return sentence`${host.ip} is not reserved for ${who} on ${info.name} any more${when}`;
  return sentence`${host.ip} is reserved for ${who} on ${info.name}${when === '' ? ', from its next DHCP request on' : when}`;
}

async function list(io: Io, driver: NetworkDriver, info: NetworkInfo, options: Options): Promise<number> {
  const { ips } = flag(options, 'config') ? await storedNetwork(driver, info) : info.network;
  const hosts = ips.flatMap(({ dhcp }) => dhcp?.hosts ?? []);
  if (flag(options, 'json')) io.out(printJson({ network: info.name, hosts }));
  else if (hosts.length === 0)
    io.err(sentence`${info.name} reserves no address. Next: ${shellLine('virtnet', 'reserve', info.name)} add GUEST ADDRESS`);
  else {
    const columns = [{ header: 'ADDRESS' }, { header: 'GUEST', shrink: true }, { header: 'NAME', shrink: true }, { header: 'LEASE' }];
    const rows = hosts.map(({ ip, mac, id, name, lease }) => [ip, mac ?? id, name, lease && leaseWords(lease)]);
    io.out(formatTable(columns, rows, io.tableWidth));
  }
  return OK;
}

function leaseWords({ expiry, unit }: NonNullable<DhcpHost['lease']>): string {
  return expiry === 0 ? 'for ever' : `${String(expiry)} ${unit}`;
}

function usage(message: string, hint: string): VirtnetError {
  return new VirtnetError({ code: 'VNU001', message, hint });
}
