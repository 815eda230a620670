import { existsSync, readdirSync } from 'node:fs';
import { resourceKey, type ParentUpResource } from '../../compile/host-state.ts';
import { toolError } from '../tools/command.ts';
import { eachStep, type DirectHandler, type HostTools } from '../handler.ts';
import { isUp } from './link-flags.ts';
import { concerned, forget, noted, recall, remember } from '../memo.ts';

/**
 * Devices below guests' macvtaps. One that is down is raised, as libvirt's QEMU driver does, and taken down again with the last guest that
 * needed it, which libvirt does not. One that was up is nobody's business.
 */
export const parentUps: DirectHandler<'parent-up'> = {
  observe(look, tools) {
    const raised = new Set(noted('parent-up', tools).map(({ resource }) => resource.dev));
    return concerned('parent-up', look, tools).filter((r) => {
      const isNoted = recall(resourceKey(r), tools) !== undefined;
      if (isUp(r.dev, tools)) return isNoted || !raised.has(r.dev);
      if (isNoted && !look.request.desired.has(resourceKey(r))) forget(resourceKey(r), tools); // somebody else took it down
      return false;
    });
  },

  execute(steps, tools) {
    return eachStep(steps, async ({ before, after }) => {
      if (after) {
        remember({ resource: after }, tools);
        await set(after.dev, 'up', tools);
      } else if (before && recall(resourceKey(before), tools)) {
        if (isLast(before, tools)) await set(before.dev, 'down', tools);
        forget(resourceKey(before), tools);
      }
    });
  },
};

/** No other guest needs it, and nobody has put another device on it meanwhile. */
function isLast(r: ParentUpResource, tools: HostTools): boolean {
  const folder = `${tools.sysfs}/class/net/${r.dev}`;
  if (!existsSync(folder)) return false;
  const others = noted('parent-up', tools).some(({ resource }) => resource.dev === r.dev && resource.owner.port !== r.owner.port);
  return !others && !readdirSync(folder).some((name) => name.startsWith('upper_'));
}

async function set(dev: string, state: 'up' | 'down', tools: HostTools): Promise<void> {
  const args = ['link', 'set', 'dev', dev, state];
  const [result] = await tools.ip.batch([args]);
  if (result && !result.ok) throw toolError('ip', result.stderr, { argv: ['ip', ...args] });
}
