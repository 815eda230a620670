import { VirtnetError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import type { NetworkDriver, NetworkInfo } from '../../driver/driver.ts';
import type { DhcpHost } from '../../network/dhcp-host.ts';
import { takesEffect } from '../affect.ts';
import { makeChange } from '../change.ts';
import { OK } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatTable } from '../render/table.ts';
import { sentence, shellLine } from '../render/text.ts';
import { addition, nameOf, removal, requestOf, type Reservation } from '../reservation.ts';
import { storedNetwork } from '../stored-network.ts';
import { flag, text, type Options, type Run } from '../verb.ts';
import { printJson, unchangedView } from '../views.ts';

/** How many words each command takes behind it: at least and at most. */
const COMMANDS: Readonly<Record<string, readonly [number, number]>> = { list: [0, 0], add: [1, 2], remove: [1, 1] };

export const run: Run = async (io, [name = '', command = 'list', ...words], options) => {
  checkWords(command, words, options);
  await using driver = await io.openDriver();
  const info = await driver.get(name);
  if (command === 'list') return await list(io, driver, info, options);
  const [who = '', address] = words;
  const { affect, ...wanted } =
    command === 'add' ? await addition(driver, info, who, address, options) : await removal(driver, info, who, options);
  if (affect === undefined) {
    if (flag(options, 'json')) io.out(printJson(unchangedView(info)));
    else io.out(sentence`${wanted.host.ip} is reserved for ${nameOf(wanted.host)} on ${info.name} already`);
    return OK;
  }
  const change = { ...wanted, affect };
  return await makeChange(
    io,
    { ...options, yes: true },
    {
      apply: (how) => driver.update({ uuid: info.uuid }, requestOf(change), how),
      showPlan: false,
      report: () => report(info, change),
      storedOnlyOf: affect === 'config' ? info.name : undefined,
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

function report(info: NetworkInfo, { command, host, affect }: Reservation): string {
  const who = nameOf(host);
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
