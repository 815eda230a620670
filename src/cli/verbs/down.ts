import { makeChange } from '../change.ts';
import type { Run } from '../verb.ts';

export const run: Run = async (io, operands, options) => {
  await using driver = await io.openDriver();
  return await makeChange(io, options, {
    apply: (change) => driver.stopAll(operands, change),
    showPlan: false,
    report: (networks) => networks.map((n) => `${n.name} is down${n.persistent ? '' : '; it was never defined, so it is gone'}\n`).join(''),
    unchanged: (networks) => networks.map((n) => `${n.name} is down already\n`).join(''),
  });
};
