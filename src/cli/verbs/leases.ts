import { OK } from '../exit.ts';
import { leaseView, type LeaseView } from '../render/lease.ts';
import { expires } from '../render/port.ts';
import { formatTable } from '../render/table.ts';
import { flag, text, type Run } from '../verb.ts';
import { printJson } from '../views.ts';

export const run: Run = async (io, [name], options) => {
  await using driver = await io.openDriver();
  const infos = name === undefined ? (await driver.list()).filter((n) => n.active) : [await driver.get(name)];
  const mac = text(options, 'mac');
  const rows: LeaseView[] = [];
  for (const info of infos) {
    const [leases, ports] = await Promise.all([driver.leases(info.name, mac), driver.ports(info.name)]);
    rows.push(...leases.map((lease) => leaseView(info, ports, lease)));
  }
  if (flag(options, 'json')) {
    io.out(printJson({ leases: rows }));
    return OK;
  }
  if (rows.length === 0) {
    io.err('No leases.\n');
    return OK;
  }
  const all = name === undefined;
  const now = Date.now() / 1000;
  io.out(
    formatTable(
      [
        ...(all ? [{ header: 'NETWORK', shrink: true }] : []),
        { header: 'ADDRESS' },
        { header: 'NAME', shrink: true },
        { header: 'MAC' },
        { header: 'EXPIRES', align: 'right' },
        { header: 'STATE' },
        { header: 'FROM' },
        { header: 'GUEST', shrink: true },
        { header: 'CLIENT ID', shrink: true },
      ],
      rows.map((lease) => [
        ...(all ? [lease.network] : []),
        `${lease.ip}/${String(lease.prefix)}`,
        lease.hostname,
        lease.mac,
        expires(lease, now),
        lease.state,
        lease.origin,
        lease.guest,
        lease.clientId,
      ]),
      io.tableWidth,
    ),
  );
  return OK;
};
