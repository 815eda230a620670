import type { NetworkInfo } from '../../driver/driver.ts';
import { makeChange } from '../change.ts';
import type { Run } from '../verb.ts';
import { eachOnce } from '../views.ts';
import { sentence } from '../render/text.ts';

export const run: Run = async (io, operands, options) => {
  await using driver = await io.openDriver();
  // Looked up before: a network that is not stored is gone when it has stopped.
  const infos = eachOnce(await Promise.all(operands.map((name) => driver.get(name))));
  return await makeChange(io, options, {
    apply: (change) => driver.stopAll(operands, { ...change, skipStopped: true }),
    showPlan: false,
    report: () => infos.map(lineOf).join(''),
  });
};

function lineOf({ name, active, persistent }: NetworkInfo): string {
  if (!active) return sentence`${name} is not running`;
  return sentence`${name} is down${persistent ? '' : '; it was not stored, so it is gone'}`;
}
