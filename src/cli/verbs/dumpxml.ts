import { OK } from '../exit.ts';
import { readForm } from '../documents.ts';
import { networkOfXml, writeForm } from '../reader.ts';
import { flag, text, type Run } from '../verb.ts';

export const run: Run = async (io, [name = ''], options) => {
  const form = readForm(text(options, 'to') ?? 'xml');
  await using driver = await io.openDriver();
  const xml = await driver.xml(name, { inactive: flag(options, 'inactive') });
  io.out(form === 'xml' ? xml : await writeForm(networkOfXml(xml), form));
  return OK;
};
