import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runInSandbox } from '../../host/sandbox.ts';
import type { Io } from '../io.ts';
import type { Run } from '../verb.ts';

export const run: Run = async (io, operands) => {
  const [command, ...args] = operands;
  if (command !== undefined) return runInSandbox({ argv: [command, ...args], env: withOwnCommand(io.env) });
  io.err('A shell with a private network and private virtnet folders. `exit` ends it and all that was made in it.\n');
  io.err('Next: virtnet up examples/default.xml\n');
  return runInSandbox({ argv: [io.env['SHELL'] ?? '/bin/sh'], env: { ...withOwnCommand(io.env), PS1: '[sandbox] \\w\\$ ' } });
};

/** `virtnet` inside is the one that runs now, also where it is not installed. */
function withOwnCommand(env: Io['env']): Record<string, string | undefined> {
  const bin = join(dirname(process.argv[1] ?? ''), '..', 'bin');
  return existsSync(join(bin, 'virtnet')) ? { ...env, PATH: `${bin}:${env['PATH'] ?? ''}` } : { ...env };
}
