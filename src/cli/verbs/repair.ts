import { makeChange } from '../change.ts';
import type { Run } from '../verb.ts';

export const run: Run = async (io, [name], options) => {
  await using driver = await io.openDriver();
  return await makeChange(io, options, {
    apply: (change) => driver.repair(name, change),
    showPlan: true,
    report: () => 'The host is as it should be again\n',
    unchanged: () => '', // the plan says it,
  });
};
