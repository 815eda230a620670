import type { PortRecord } from '../../compile/port.ts';
import { OK } from '../exit.ts';
import { deviceOf, limitsOf, whereOf } from '../render/port.ts';
import { formatTable } from '../render/table.ts';
import { flag, type Run } from '../verb.ts';
import { printJson } from '../views.ts';

export const run: Run = async (io, [name], options) => {
  await using driver = await io.openDriver();
  const infos = name === undefined ? (await driver.list()).filter((n) => n.active) : [await driver.get(name)];
  const rows: { readonly network: string; readonly record: PortRecord }[] = [];
  for (const info of infos) for (const record of await driver.ports(info.name)) rows.push({ network: info.name, record });
  if (flag(options, 'json')) {
    io.out(printJson({ ports: rows.map(({ network, record }) => ({ network, ...record })) }));
    return OK;
  }
  if (rows.length === 0) {
    io.err(`No guests are plugged in.${name === undefined ? '' : ` Next: virtnet attach ${name} --netns NS`}\n`);
    return OK;
  }
  io.out(
    formatTable(
      [
        { header: 'NETWORK', shrink: true },
        { header: 'GUEST', shrink: true },
        { header: 'MAC' },
        { header: 'DEVICE' },
        { header: 'WHERE', shrink: true },
        { header: 'PORTGROUP', shrink: true },
        { header: 'LIMITS', shrink: true },
      ],
      rows.map(({ network, record }) => [
        network,
        record.port.owner.name,
        record.port.mac,
        deviceOf(record),
        whereOf(record),
        record.port.portgroup,
        limitsOf(record.port.bandwidth),
      ]),
      io.width,
    ),
  );
  return OK;
};
