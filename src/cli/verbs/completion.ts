import { VirtnetError } from '../../base/errors.ts';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { OK } from '../exit.ts';
import type { Run, VerbSpec } from '../verb.ts';
import { verbs } from '../verbs.ts';

const shells: Readonly<Record<string, (verbs: readonly VerbSpec[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const run: Run = (io, [shell = '']) => {
  const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
  if (script === undefined)
    return Promise.reject(new VirtnetError({ code: 'VNU001', message: `no completion for "${shell}"`, hint: 'bash, zsh or fish' }));
  io.out(script(verbs));
  return Promise.resolve(OK);
};
