import type { Lease } from '../../driver/driver.ts';
import { OK } from '../exit.ts';
import { expires } from '../render/port.ts';
import { formatTable } from '../render/table.ts';
import { flag, text, type Run } from '../verb.ts';
import { printJson } from '../views.ts';

export const run: Run = async (io, [name], options) => {
  await using driver = await io.openDriver();
  const infos = name === undefined ? (await driver.list()).filter((n) => n.active) : [await driver.get(name)];
  const mac = text(options, 'mac');
  const rows: { readonly network: string; readonly lease: Lease }[] = [];
  for (const info of infos) {
    for (const lease of await driver.leases(info.name, mac)) rows.push({ network: info.name, lease });
  }
  if (flag(options, 'json')) {
    io.out(printJson({ leases: rows.map(({ network, lease }) => ({ network, ...lease })) }));
    return OK;
  }
  if (rows.length === 0) {
    io.err('No leases.\n');
    return OK;
  }
  const now = Date.now() / 1000;
  io.out(
    formatTable(
      [
        { header: 'NETWORK', shrink: true },
        { header: 'ADDRESS' },
        { header: 'NAME', shrink: true },
        { header: 'MAC' },
        { header: 'EXPIRES', align: 'right' },
        { header: 'CLIENT ID', shrink: true },
      ],
      rows.map(({ network, lease }) => [
        network,
        `${lease.ip}/${String(lease.prefix)}`,
        lease.hostname,
        lease.mac,
        expires(lease, now),
        lease.clientId,
      ]),
      io.width,
    ),
  );
  return OK;
};
