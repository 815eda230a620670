import { OK } from '../exit.ts';
import { showFindings } from '../documents.ts';
import { formatTable } from '../render/table.ts';
import { count, shellLine } from '../render/text.ts';
import { flag, type Run } from '../verb.ts';
import { addressOf, networkView, printJson } from '../views.ts';

export const run: Run = async (io, _operands, options) => {
  await using driver = await io.openDriver();
  const all = [...(await driver.list())].sort((a, b) => (a.name < b.name ? -1 : 1));
  const only = flag(options, 'active') === flag(options, 'inactive') ? undefined : flag(options, 'active');
  const networks = all.filter((n) => only === undefined || n.active === only);
  const problems = await driver.problems();
  if (flag(options, 'json')) {
    io.out(printJson({ networks: networks.map(networkView), problems }));
    return OK;
  }
  showFindings(io, problems, undefined);
  if (flag(options, 'name')) {
    io.out(networks.map((n) => `${n.name}\n`).join(''));
    return OK;
  }
  if (networks.length === 0) {
    if (problems.length > 0) return OK;
    io.err(all.length === 0 ? 'No networks yet. Next: virtnet up FILE, or virtnet demo to see one live.\n' : 'No network in that state.\n');
    return OK;
  }
  const style = io.outStyle;
  io.out(
    formatTable(
      [
        { header: 'NAME', shrink: true },
        { header: 'STATE', paint: (cell, value) => (value === 'running' ? style.green(cell) : style.dim(cell)) },
        { header: 'MODE' },
        { header: 'BRIDGE', shrink: true },
        { header: 'ADDRESSES', shrink: true },
        { header: 'GUESTS', align: 'right' },
        { header: 'AUTOSTART' },
        { header: 'STORED' },
      ],
      networks.map((n) => [
        n.name,
        n.active ? 'running' : 'stopped',
        n.network.forward.mode === 'none' ? 'isolated' : n.network.forward.mode,
        n.bridge,
        n.network.ips.map(addressOf).join(' '),
        n.active ? String(n.network.connections ?? 0) : '',
        n.autostart ? 'yes' : 'no',
        n.persistent ? 'yes' : 'no',
      ]),
      io.tableWidth,
    ),
  );
  const troubled = networks.filter((n) => n.warnings.length > 0);
  if (troubled.length > 0)
    io.err(`${count(troubled.length, 'network')} with warnings: ${shellLine('virtnet', 'show', troubled[0]?.name ?? '')}\n`);
  return OK;
};
