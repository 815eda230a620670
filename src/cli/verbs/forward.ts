import { VirtnetError } from '../../base/errors.ts';
import { nearest } from '../../base/nearest.ts';
import type { ForwardsRequest, NetworkDriver, NetworkInfo } from '../../driver/driver.ts';
import { forwardsOf } from '../../forwards/document.ts';
import { formatSpec } from '../../forwards/edit.ts';
import { formatSource, formatTarget } from '../../forwards/forward.ts';
import { affectOf, takesEffect } from '../affect.ts';
import { makeChange } from '../change.ts';
import { OK } from '../exit.ts';
import { forwardOf, listenOf } from '../forward-spec.ts';
import type { Io } from '../io.ts';
import { formatTable } from '../render/table.ts';
import { sentence, shellLine } from '../render/text.ts';
import { storedNetwork } from '../stored-network.ts';
import { flag, text, type Options, type Run } from '../verb.ts';
import { forwardsView, printJson } from '../views.ts';

const COMMANDS = ['list', 'add', 'remove'];

export const run: Run = async (io, [name = '', command = 'list', ...words], options) => {
  const change = changeOf(command, words, options);
  await using driver = await io.openDriver();
  const info = await driver.get(name);
  if (!change) return await list(io, driver, info, options);
  const affect = affectOf(info, options);
  const ref = { uuid: info.uuid };
  const done = (networks: readonly NetworkInfo[]): string =>
    networks.map((network) => report(network, change, takesEffect(info, affect))).join('');
  return await makeChange(
    io,
    { ...options, yes: true },
    {
      apply: (how) => driver.changeForwards(ref, { ...change, affect }, how),
      showPlan: false,
      report: done,
      warnings: (networks) => driver.warnings(networks.filter(({ active }) => active).map(({ uuid }) => ({ uuid }))),
      storedOnlyOf: affect === 'config' ? info.name : undefined,
    },
  );
};

/** What is asked for; undefined for the list. @throws VirtnetError VNU001 */
function changeOf(command: string, words: readonly string[], options: Options): Omit<ForwardsRequest, 'affect'> | undefined {
  const sources = text(options, 'source')?.split(',');
  if (!COMMANDS.includes(command)) {
    const near = nearest(command, COMMANDS);
    throw usage(`unknown command "${command}"`, near === undefined ? `one of ${COMMANDS.join(', ')}` : `did you mean "${near}"?`);
  }
  if (sources && command !== 'add') throw usage(`--source is for add`, 'leave it out');
  if (command === 'list') {
    if (words.length > 0) throw usage(`list takes no port forward`, 'leave it out, or say add or remove');
    return undefined;
  }
  if (words.length === 0)
    throw usage(`${command} needs a port forward`, `virtnet forward NAME ${command} 8080${command === 'add' ? ':web:80' : ''}/tcp`);
  return command === 'add'
    ? { add: words.map((word) => ({ ...forwardOf(word), ...(sources && { sources }) })) }
    : { remove: words.map(listenOf) };
}

function report(info: NetworkInfo, { add = [], remove = [] }: Omit<ForwardsRequest, 'affect'>, when: string): string {
  const gone = remove.map((listen) => sentence`${info.name} does not forward ${formatSpec(listen)} any more${when}`);
  const come = add.map((request) => {
    const where = request.toPort === undefined ? '' : ` port ${String(request.toPort)}`;
    return sentence`${info.name} forwards ${formatSpec(request)} to ${request.to}${where}${when}`;
  });
  return [...gone, ...come].join('');
}

async function list(io: Io, driver: NetworkDriver, info: NetworkInfo, options: Options): Promise<number> {
  const network = flag(options, 'config') ? await storedNetwork(driver, info) : info.network;
  const { forwards } = forwardsOf(network);
  if (flag(options, 'json')) {
    io.out(printJson({ network: info.name, forwards: forwardsView(network) }));
    return OK;
  }
  if (forwards.length === 0) {
    const { mode } = network.forward;
    if (mode !== 'nat' && mode !== 'route') io.err(sentence`${info.name} forwards no ports: only networks of mode nat or route do.`);
    else io.err(sentence`${info.name} forwards no ports. Next: ${shellLine('virtnet', 'forward', info.name)} add 8080:GUEST:80/tcp`);
    return OK;
  }
  io.out(
    formatTable(
      [{ header: 'LISTENS' }, { header: 'TO', shrink: true }, { header: 'SOURCES', shrink: true }],
      forwards.map((f) => [formatSpec(f), formatTarget(f), f.sources?.map(formatSource).join(' ') ?? 'all']),
      io.tableWidth,
    ),
  );
  return OK;
}

function usage(message: string, hint: string): VirtnetError {
  return new VirtnetError({ code: 'VNU001', message, hint });
}
