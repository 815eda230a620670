import { VirtnetError } from '../../base/errors.ts';
import type { Step } from '../../plan/plan.ts';
import { tryRun } from '../tools/command.ts';
import { stepError } from '../execute.ts';
import { takenInside, type GuestEnd } from './links.ts';

/**
 * Looks whether the names of new guests' devices are free inside their network namespaces. Each look is a program's start, so it is for plans that
 * are only shown: a step finds out by itself. Where this user may not look, all are free.
 * @throws VirtnetError VNP001 as the step would.
 */
export async function checkGuestEnds(steps: readonly Step[]): Promise<void> {
  for (const [index, { op, after }] of steps.entries()) {
    if (op !== 'create' || after?.kind !== 'link' || after.spec.type !== 'veth') continue;
    const { peer } = after.spec;
    if (!(await isThere(peer))) continue;
    const { message, hint } = takenInside(peer);
    throw stepError(steps, index, new VirtnetError({ code: 'VNH001', message, hint }));
  }
}

async function isThere({ netns, name }: GuestEnd): Promise<boolean> {
  const path = netns.startsWith('/') ? netns : `/run/netns/${netns}`;
  const result = await tryRun(['nsenter', `--net=${path}`, 'ip', 'link', 'show', 'dev', name]).catch(() => undefined);
  return result?.code === 0;
}
