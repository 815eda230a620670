import { makeChange } from '../change.ts';
import { sentence, shellLine } from '../render/text.ts';
import type { Run } from '../verb.ts';

export const run: Run = async (io, operands, options) => {
  await using driver = await io.openDriver();
  return await makeChange(io, options, {
    apply: (change) => driver.startAll(operands, change),
    showPlan: false,
    report: (networks) => networks.map((n) => sentence`${n.name} is up${n.bridge === undefined ? '' : ` on ${n.bridge}`}`).join(''),
    warnings: (networks) => driver.warnings(networks.map(({ uuid }) => ({ uuid }))),
    next: (networks) => shellLine('virtnet', 'show', networks[0]?.name ?? ''),
  });
};
