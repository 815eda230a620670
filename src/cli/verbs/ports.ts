import type { PortRecord } from '../../compile/port.ts';
import type { PortStatus } from '../../driver/driver.ts';
import { OK } from '../exit.ts';
import { limitsOf, shownDevice, traffic, whereOf } from '../render/port.ts';
import { formatTable } from '../render/table.ts';
import { shellLine } from '../render/text.ts';
import { flag, type Run } from '../verb.ts';
import { printJson } from '../views.ts';

export const run: Run = async (io, [name], options) => {
  await using driver = await io.openDriver();
  const infos = name === undefined ? (await driver.list()).filter((n) => n.active) : [await driver.get(name)];
  const rows: { readonly network: string; readonly record: PortRecord; readonly status: PortStatus | undefined }[] = [];
  for (const { name: network } of infos) {
    const status = new Map((await driver.portStatus(network)).map((s) => [s.port, s]));
    for (const record of await driver.ports(network)) rows.push({ network, record, status: status.get(record.port.uuid) });
  }
  if (flag(options, 'json')) {
    io.out(printJson({ ports: rows.map(({ network, record, status }) => ({ network, ...record, status })) }));
    return OK;
  }
  if (rows.length === 0) {
    io.err(`No guests are plugged in.${name === undefined ? '' : ` Next: ${shellLine('virtnet', 'attach', name)} --netns NS`}\n`);
    return OK;
  }
  const all = name === undefined;
  const hasGroups = rows.some(({ record }) => record.port.portgroup !== undefined);
  io.out(
    formatTable(
      [
        ...(all ? [{ header: 'NETWORK', shrink: true }] : []),
        { header: 'GUEST', shrink: true },
        { header: 'MAC' },
        { header: 'DEVICE' },
        { header: 'RX/TX', align: 'right' },
        { header: 'WHERE', shrink: true },
        ...(hasGroups ? [{ header: 'PORTGROUP', shrink: true }] : []),
        { header: 'LIMITS' },
      ],
      rows.map(({ network, record, status }) => [
        ...(all ? [network] : []),
        record.port.owner.name,
        record.port.mac,
        shownDevice(record, status),
        traffic(status),
        whereOf(record),
        ...(hasGroups ? [record.port.portgroup] : []),
        limitsOf(record.port.bandwidth),
      ]),
      io.tableWidth,
    ),
  );
  return OK;
};
