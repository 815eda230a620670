import type { Affect, NetworkInfo, UpdateCommand, UpdateSection } from '../../driver/driver.ts';
import { libvirtSections } from '../../network/update.ts';
import { VirtnetError } from '../../base/errors.ts';
import { makeChange } from '../change.ts';
import { readFragment } from '../fragment.ts';
import { nearest } from '../../base/nearest.ts';
import { flag, text, type Options, type Run } from '../verb.ts';
import { sentence } from '../render/text.ts';

const SECTIONS = Object.keys(libvirtSections) as readonly UpdateSection[];
const COMMANDS: Readonly<Record<string, UpdateCommand>> = {
  'add-first': 'add-first',
  'add-last': 'add-last',
  add: 'add-last',
  modify: 'modify',
  delete: 'delete',
};

export const run: Run = async (io, [name = '', command = '', section = '', fragment = ''], options) => {
  const isDryRun = flag(options, 'dryRun');
  const parentIndex = Number(text(options, 'parentIndex') ?? '-1');
  if (!Number.isInteger(parentIndex)) throw new VirtnetError({ code: 'VNU001', message: '--parent-index takes a whole number' });
  const request = {
    section: choose('section', section, SECTIONS),
    command: COMMANDS[choose('command', command, Object.keys(COMMANDS))] ?? 'add-last',
    parentIndex,
    fragment: readFragment(io, fragment),
    affect: affectOf(options),
  };
  await using driver = await io.openDriver();
  const isOfStored = request.affect === 'config' || (isDryRun && request.affect === 'current' && !(await driver.get(name)).active);
  const done = (networks: readonly NetworkInfo[]): string =>
    networks.map((network) => sentence`${network.name} is updated: ${request.command} ${request.section}`).join('');
  return await makeChange(
    io,
    { ...options, yes: true },
    {
      apply: (how) => driver.update(name, request, how),
      showPlan: false,
      report: done,
      storedOnlyOf: isOfStored ? name : undefined,
    },
  );
};

function affectOf(options: Options): Affect {
  const live = flag(options, 'live');
  const config = flag(options, 'config');
  if (live && config) return 'live+config';
  return live ? 'live' : config ? 'config' : 'current';
}

function choose<T extends string>(what: string, word: string, words: readonly T[]): T {
  const found = words.find((w) => w === word);
  if (found !== undefined) return found;
  const near = nearest(word, words);
  throw new VirtnetError({
    code: 'VNU001',
    message: `unknown ${what} "${word}"`,
    hint: near === undefined ? `one of ${words.join(', ')}` : `did you mean "${near}"? All: ${words.join(', ')}`,
  });
}
