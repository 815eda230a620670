import { VirtnetError } from '../../base/errors.ts';
import { bashCompletion } from '../completion/bash.ts';
import { fishCompletion } from '../completion/fish.ts';
import { zshCompletion } from '../completion/zsh.ts';
import { OK } from '../exit.ts';
import type { Run, VerbSpec } from '../verb.ts';

const shells: Readonly<Record<string, (verbs: readonly VerbSpec[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

/** The verb over the table of all verbs, which names it and so cannot be imported here. */
export function completion(verbs: readonly VerbSpec[]): Run {
  return (io, [shell = '']) => {
    const script = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
    if (script === undefined)
      return Promise.reject(new VirtnetError({ code: 'VNU001', message: `no completion for "${shell}"`, hint: 'bash, zsh or fish' }));
    io.out(script(verbs));
    return Promise.resolve(OK);
  };
}
