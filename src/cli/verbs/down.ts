import { makeChange } from '../change.ts';
import type { Run } from '../verb.ts';
import { eachOnce } from '../views.ts';

export const run: Run = async (io, operands, options) => {
  await using driver = await io.openDriver();
  // Looked up before: a network that is not stored is gone when it has stopped.
  const infos = eachOnce(await Promise.all(operands.map((name) => driver.get(name))));
  return await makeChange(io, options, {
    apply: (change) => driver.stopAll(operands, change),
    showPlan: false,
    report: () => infos.map((n) => `${n.name} is down${n.persistent ? '' : '; it was not stored, so it is gone'}\n`).join(''),
  });
};
