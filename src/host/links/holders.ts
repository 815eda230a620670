import { VirtnetError } from '../../base/errors.ts';
import type { Step } from '../../plan/plan.ts';
import { tryRun } from '../tools/command.ts';
import { stepError } from '../execute.ts';

/** getent(1): one or more of the keys are not in the database. */
const NOT_FOUND = 2;

/**
 * Looks whether the users and groups who are to open new taps and macvtaps are known on this host, wherever it knows them from (NSS). Numbers are,
 * as for the kernel. For plans that are only shown, as `checkGuestEnds`. Where nobody can be asked, all are known.
 * @throws VirtnetError VNP001 as the step would.
 */
export async function checkHolders(steps: readonly Step[]): Promise<void> {
  for (const [index, { op, after }] of steps.entries()) {
    if (op === 'delete' || after?.kind !== 'link' || !('user' in after.spec || 'group' in after.spec)) continue;
    const { user, group } = after.spec;
    for (const [kind, database, name] of [
      ['user', 'passwd', user],
      ['group', 'group', group],
    ] as const)
      if (name !== undefined && (await isUnknown(database, name))) throw stepError(steps, index, unknown(kind, database, name));
  }
}

async function isUnknown(database: string, name: string): Promise<boolean> {
  if (/^\d+$/.test(name)) return false;
  const result = await tryRun(['getent', database, '--', name]).catch(() => undefined);
  return result?.code === NOT_FOUND;
}

function unknown(kind: string, database: string, name: string): VirtnetError {
  return new VirtnetError({
    code: 'VNH001',
    message: `this host knows no ${kind} '${name}'`,
    hint: `name one of \`getent ${database}\`, or give a number`,
  });
}
