import { setTimeout as sleep } from 'node:timers/promises';
import { isBounce } from '../../plan/bounce.ts';
import { toolError } from '../tools/command.ts';
import { StepFailure, type HostTools, type IpCommand, type IpHandler, type StepOf } from '../handler.ts';
import { markedOwner } from './link-rows.ts';
import { bridgeOfPort, isSpanning, pauseSpanning, resumeSpanning, type SpanningPort } from './spanning-tree.ts';

/** The administrative state of links: ours, and those that `desired` wants up. */
export const linkUps: IpHandler<'link-up'> = {
  observe(look) {
    return [...look.links.values()].flatMap((row) => {
      const owner = look.ownerOf(row.ifname);
      if (owner === undefined || !row.flags.includes('UP')) return [];
      // A device of somebody else's that is only plugged by us is raised and taken down by them.
      if (markedOwner(row) === undefined && !look.request.desired.has(`link-up ${row.ifname}`)) return [];
      return [{ kind: 'link-up' as const, dev: row.ifname, owner }];
    });
  },

  ip(steps) {
    const ups = steps.flatMap((s, step): readonly IpCommand[] => {
      const dev = (s.after ?? s.before)?.dev;
      if (dev === undefined) return [];
      const args = ['link', 'set', 'dev', dev, s.op === 'delete' || isBounce(s) ? 'down' : 'up'];
      return [{ step, args, ...(s.op === 'delete' ? { fine: /Cannot find device|No such device/ } : {}) }];
    });
    return [...pauseSpanning(raised(steps.map((s) => (isBounce(s) ? undefined : s)))), ...ups];
  },

  after(steps, tools) {
    const bounced = steps.map((s) => (isBounce(s) ? s : undefined));
    const resume = resumeSpanning(raised(steps), tools);
    if (bounced.every((s) => s === undefined)) return resume;
    return async () => {
      await raiseAgain(bounced, tools);
      await resume?.();
    };
  },
};

/** How long a bounced link stays down, in milliseconds: less would be one event to programs that watch links, and no change of anything. */
const BOUNCE_MS = 1000;

/** The second half of the bounces among the steps of a batch. */
async function raiseAgain(steps: readonly (StepOf<'link-up'> | undefined)[], tools: HostTools): Promise<void> {
  await sleep(BOUNCE_MS);
  const ups = steps.flatMap((s, step): IpCommand[] => (s?.after ? [{ step, args: ['link', 'set', 'dev', s.after.dev, 'up'] }] : []));
  const commands = [...pauseSpanning(raised(steps)), ...ups];
  for (const [i, result] of (await tools.ip.batch(commands.map((c) => c.args))).entries()) {
    const command = commands[i];
    if (!result.ok && command) throw new StepFailure(command.step, toolError('ip', result.stderr, { argv: ['ip', ...command.args] }));
  }
}

/** Guests' ports of bridges with spanning tree that the steps raise. */
function raised(steps: readonly (StepOf<'link-up'> | undefined)[]): readonly SpanningPort[] {
  return steps.flatMap((s, step) => {
    const after = s?.op === 'delete' ? undefined : s?.after;
    const bridge = after?.owner.port === undefined ? undefined : bridgeOfPort(after.dev);
    return after && bridge !== undefined && isSpanning(bridge) ? [{ step, dev: after.dev, bridge }] : [];
  });
}
