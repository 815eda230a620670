import type { Diagnostic } from '../../base/diagnostic.ts';
import { isVirtnetError } from '../../base/errors.ts';
import type { DaemonInfo, NetworkDriver, NetworkInfo } from '../../driver/driver.ts';
import { amissOf, type Amiss, type Findings } from '../amiss.ts';
import { showFindings } from '../documents.ts';
import { OK, PENDING } from '../exit.ts';
import type { Io } from '../io.ts';
import { formatTable } from '../render/table.ts';
import { clean, wrap } from '../render/text.ts';
import { flag, type Run } from '../verb.ts';
import { networkView, planView, printJson } from '../views.ts';

export const run: Run = async (io, [name], options) => {
  await using driver = await io.openDriver();
  const [found, daemon] = await Promise.all([look(driver, name), daemonOf(driver)]);
  const amiss = amissOf(found);
  if (flag(options, 'json')) {
    const networks = found.networks.map(networkView);
    io.out(printJson({ ok: amiss.length === 0, ...(daemon ? { daemon } : {}), networks, amiss, drift: planView(found.drift) }));
  } else {
    const isTold = (d: Diagnostic): boolean => amiss.some(({ code, message }) => code === d.code && message === d.message);
    showFindings(
      io,
      found.drift.diagnostics.filter((d) => d.severity !== 'error' && !isTold(d)),
      undefined,
    );
    const parts = [daemonLine(daemon), networkTable(found.networks, io), amissLines(amiss, io)];
    io.out(parts.filter((part) => part !== '').join('\n'));
  }
  return amiss.length === 0 ? OK : PENDING;
};

async function look(driver: NetworkDriver, name: string | undefined): Promise<Findings> {
  // Begun first: it waits for tools.
  const drifting = driver.diff(name);
  drifting.catch(() => undefined);
  const networks = name === undefined ? [...(await driver.list())].sort((a, b) => (a.name < b.name ? -1 : 1)) : [await driver.get(name)];
  const running = networks.filter(({ active }) => active).map(({ uuid }) => ({ uuid }));
  const [warnings, problems] = await Promise.all([driver.warnings(running), name === undefined ? driver.problems() : []]);
  return { networks, drift: await drifting, warnings, problems };
}

/** The virtnetd that answers, as far as it says: one that was started before an upgrade does not know the question. */
async function daemonOf(driver: NetworkDriver): Promise<Partial<DaemonInfo> | undefined> {
  try {
    return (await driver.daemon()) ?? undefined;
  } catch (error) {
    if (isVirtnetError(error) && error.code === 'VND020') return {};
    throw error;
  }
}

function daemonLine(daemon: Partial<DaemonInfo> | undefined): string {
  if (daemon === undefined) return 'virtnetd does not run: what is damaged stays so until `virtnet repair`\n';
  const { version, pid } = daemon;
  return version === undefined
    ? 'virtnetd runs, and is older than this virtnet: `systemctl restart virtnetd`\n'
    : `virtnetd ${version} runs as process ${String(pid)}\n`;
}

function networkTable(networks: readonly NetworkInfo[], { outStyle: style, tableWidth }: Io): string {
  if (networks.length === 0) return '';
  const rows = networks.map((n) => [
    n.name,
    n.active ? 'running' : 'stopped',
    n.autostart ? 'yes' : 'no',
    n.active ? String(n.network.connections ?? 0) : '',
  ]);
  return formatTable(
    [
      { header: 'NAME', shrink: true },
      { header: 'STATE', paint: (cell, value) => (value === 'running' ? style.green(cell) : style.dim(cell)) },
      { header: 'AUTOSTART' },
      { header: 'GUESTS', align: 'right' },
    ],
    rows,
    tableWidth,
  );
}

function amissLines(amiss: readonly Amiss[], { outStyle: style, width }: Io): string {
  if (amiss.length === 0) return `${style.green('All is as it should be.')}\n`;
  const lines = amiss.flatMap(({ network, message, code, hint }) => {
    const text = `${network === undefined ? '' : `${network}: `}${message}${code === undefined ? '' : ` [${code}]`}`;
    const [first = '', ...rest] = wrap(clean(text), width - 2);
    const hints =
      hint === undefined
        ? []
        : wrap(clean(hint), width - 12).map((l, i) => (i === 0 ? `      ${style.cyan('hint:')} ${l}` : `            ${l}`));
    return [`${style.yellow('!')} ${first}`, ...rest.map((l) => `  ${l}`), ...hints];
  });
  return `${lines.join('\n')}\n`;
}
