import { makeChange } from '../change.ts';
import type { Run } from '../verb.ts';
import { sentence } from '../render/text.ts';

export const run: Run = async (io, [name = '', port = ''], options) => {
  await using driver = await io.openDriver();
  return await makeChange(
    io,
    { ...options, yes: true },
    {
      apply: (change) => driver.detach(name, port, change),
      showPlan: false,
      report: () => sentence`${port} is unplugged from ${name}`,
    },
  );
};
