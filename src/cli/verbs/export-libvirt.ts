import { lstatSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { VirtnetError } from '../../base/errors.ts';
import { makeFolders } from '../../host/system/make-folders.ts';
import { FAILED, OK } from '../exit.ts';
import { clean } from '../render/text.ts';
import { flag, text, type Run } from '../verb.ts';
import { printJson } from '../views.ts';
import { writing } from '../writing.ts';

type Fate = 'written' | 'there' | 'differs';

export const run: Run = async (io, _operands, options) => {
  const folder = text(options, 'to');
  if (folder === undefined)
    throw new VirtnetError({
      code: 'VNU001',
      message: 'export-libvirt needs --to <folder>',
      hint: 'libvirt reads /etc/libvirt/qemu/networks',
    });
  await using driver = await io.openDriver();
  const networks = (await driver.list()).filter((n) => n.persistent);
  const files: { readonly file: string; readonly name: string; readonly fate: Fate; readonly autostart: boolean }[] = [];
  writing(folder, () => makeFolders(folder));
  for (const { name, uuid, autostart } of networks) {
    // libvirt refuses a file whose name is not the network's.
    const file = join(folder, `${name}.xml`);
    const fate = put(file, await driver.xml({ uuid }, { inactive: true }));
    if (autostart && fate !== 'differs') link(folder, name);
    files.push({ file, name, fate, autostart });
  }
  const left = files.filter((f) => f.fate === 'differs').length;
  if (flag(options, 'json')) io.out(printJson({ files }));
  else if (files.length === 0) io.err('No definitions are stored, so nothing was written.\n');
  else for (const { file, fate } of files) io.out(`${clean(file)}: ${SAYS[fate]}\n`);
  return left > 0 ? FAILED : OK;
};

const SAYS: Readonly<Record<Fate, string>> = {
  written: 'written',
  there: 'there already',
  differs: 'a file of that name says something else, left as it is',
};

function put(file: string, xml: string): Fate {
  return writing(file, () => {
    try {
      writeFileSync(file, xml, { flag: 'wx', mode: 0o600 });
      return 'written';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      return readFileSync(file, 'utf8') === xml ? 'there' : 'differs';
    }
  });
}

/** A relative link holds wherever the folder is copied; libvirt only looks where it leads. */
function link(folder: string, name: string): void {
  const path = join(folder, 'autostart', `${name}.xml`);
  writing(path, () => {
    makeFolders(join(folder, 'autostart'));
    if (lstatSync(path, { throwIfNoEntry: false }) === undefined) symlinkSync(`../${name}.xml`, path);
  });
}
