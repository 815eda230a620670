import { OK } from '../exit.ts';
import { flag, type Run } from '../verb.ts';
import { eachOnce, printJson } from '../views.ts';
import { sentence } from '../render/text.ts';

export const run: Run = async (io, operands, options) => {
  await using driver = await io.openDriver();
  // All names are looked up first: a typing error in the last one must not leave the others half done.
  const infos = eachOnce(await Promise.all(operands.map((name) => driver.get(name))));
  for (const info of infos) {
    await driver.undefine(info.name);
    if (!flag(options, 'json')) io.out(sentence`${info.name} is not defined any more${info.active ? '; it runs until it is stopped' : ''}`);
  }
  if (flag(options, 'json')) io.out(printJson({ undefined: infos.map((i) => i.name) }));
  return OK;
};
