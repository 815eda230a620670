import type { NetworkInfo } from '../../driver/driver.ts';
import { makeChange } from '../change.ts';
import { sentence, shellLine } from '../render/text.ts';
import type { Run } from '../verb.ts';

export const run: Run = async (io, operands, options) => {
  await using driver = await io.openDriver();
  const infos = await Promise.all(operands.map((name) => driver.get(name)));
  const running = new Set(infos.filter(({ active }) => active).map(({ uuid }) => uuid));
  const lineOf = ({ name, uuid, bridge }: NetworkInfo): string =>
    sentence`${name} ${running.has(uuid) ? 'runs already' : `is up${bridge === undefined ? '' : ` on ${bridge}`}`}`;
  return await makeChange(io, options, {
    apply: (change) => driver.startAll(operands, { ...change, skipRunning: true }),
    showPlan: false,
    report: (networks) => networks.map(lineOf).join(''),
    warnings: (networks) => driver.warnings(networks.map(({ uuid }) => ({ uuid }))),
    next: (networks) => shellLine('virtnet', 'show', networks[0]?.name ?? ''),
  });
};
