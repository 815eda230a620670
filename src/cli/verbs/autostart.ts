import { OK } from '../exit.ts';
import { flag, type Run } from '../verb.ts';
import { networkView, printJson } from '../views.ts';
import { sentence } from '../render/text.ts';

export const run: Run = async (io, [name = ''], options) => {
  await using driver = await io.openDriver();
  await driver.setAutostart(name, !flag(options, 'disable'));
  const info = await driver.get(name);
  if (flag(options, 'json')) io.out(printJson({ networks: [networkView(info)] }));
  else io.out(sentence`${info.name} ${info.autostart ? 'starts at boot' : 'does not start at boot'}`);
  return OK;
};
