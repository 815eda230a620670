import { isVirtnetError } from '../../base/errors.ts';
import { canonicalUuid } from '../../driver/state/lookup.ts';
import type { NetworkInfo } from '../../driver/driver.ts';
import { FAILED, OK } from '../exit.ts';
import { readLibvirtFolder, type LibvirtFile } from '../libvirt-folder.ts';
import { clean } from '../render/text.ts';
import { flag, text, type Run } from '../verb.ts';
import { printJson } from '../views.ts';

/** What becomes of a file. */
interface Fate {
  readonly file: string;
  readonly name?: string;
  readonly fate: 'define' | 'there' | 'unreadable' | 'refused';
  readonly autostart: boolean;
  readonly why?: string;
}

export const run: Run = async (io, _operands, options) => {
  const files = await readLibvirtFolder(text(options, 'from') ?? '/etc/libvirt/qemu/networks');
  await using driver = await io.openDriver();
  const known = await driver.list();
  const dryRun = flag(options, 'dryRun');
  const fates: Fate[] = [];
  for (const file of files) {
    const fate = fateOf(file, known);
    if (!flag(options, 'json')) io.out(line(fate));
    if (fate.fate !== 'define' || dryRun) {
      fates.push(fate);
      continue;
    }
    try {
      const { uuid } = await driver.define(file.xml);
      if (file.autostart) await driver.setAutostart({ uuid }, true);
      fates.push(fate);
    } catch (error) {
      if (!isVirtnetError(error)) throw error;
      const refused: Fate = { ...fate, fate: 'refused', why: `${error.message} [${error.code}]` };
      fates.push(refused);
      if (!flag(options, 'json')) io.out(line(refused));
    }
  }
  const of = (fate: Fate['fate']): number => fates.filter((f) => f.fate === fate).length;
  if (flag(options, 'json')) io.out(printJson({ files: fates, applied: !dryRun && of('define') > 0 }));
  else {
    const done = `${String(of('define'))} ${dryRun ? 'to define' : 'defined'}, ${String(of('there'))} there already`;
    io.err(`${done}, ${String(of('unreadable') + of('refused'))} left\n`);
    if (!dryRun && of('define') > 0)
      io.err('Nothing was started. Before virtnet up NAME: virsh net-destroy NAME, where libvirt runs it.\n');
  }
  return of('unreadable') + of('refused') > 0 ? FAILED : OK;
};

function fateOf({ path, network, problem, autostart }: LibvirtFile, known: readonly NetworkInfo[]): Fate {
  if (network === undefined) return { file: path, fate: 'unreadable', autostart, why: problem ?? '' };
  const uuid = network.uuid === undefined ? undefined : canonicalUuid(network.uuid);
  const twin = known.find((n) => n.name === network.name || n.uuid === uuid);
  const common = { file: path, name: network.name, autostart };
  if (twin === undefined) return { ...common, fate: 'define' };
  return { ...common, fate: 'there', why: twin.name === network.name ? 'a network of that name' : `'${twin.name}' has its uuid` };
}

function line({ file, name = '', fate, autostart, why = '' }: Fate): string {
  switch (fate) {
    case 'define':
      return clean(`+ ${name}: define${autostart ? ', start at boot' : ''}`) + '\n';
    case 'there':
      return clean(`= ${name}: there already (${why}), left as it is`) + '\n';
    case 'unreadable':
      return clean(`! ${file}: cannot be read, left: ${why}`) + '\n';
    case 'refused':
      return clean(`! ${name}: refused: ${why}`) + '\n';
  }
}
