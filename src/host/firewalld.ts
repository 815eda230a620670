import type { ZoneResource } from '../compile/host-state.ts';
import { busCall } from './bus.ts';
import { eachStep } from './handler.ts';
import type { DirectHandler } from './handler.ts';
import { concerned, forget, remember } from './memo.ts';

const FIREWALLD = {
  service: 'org.fedoraproject.FirewallD1',
  path: '/org/fedoraproject/FirewallD1',
  interface: 'org.fedoraproject.FirewallD1.zone',
} as const;
const NO_ZONE = /UNKNOWN_INTERFACE|NOT_ENABLED|not in any zone/;
const GONE = /UNKNOWN_INTERFACE|NOT_ENABLED|INVALID_ZONE|not in any zone|ServiceUnknown|not provided|not activatable/;

/** The firewalld zone of a bridge, in firewalld's running configuration only: it ends with the network. */
export const zones: DirectHandler<'zone'> = {
  async observe(look, tools) {
    const found = await Promise.all(
      concerned('zone', look, tools).map(async (r): Promise<ZoneResource[]> => {
        const [zone] = (await busCall(FIREWALLD, 'getZoneOfInterface', ['s', r.dev], GONE)) ?? [];
        return typeof zone === 'string' && zone !== '' ? [{ ...r, zone }] : [];
      }),
    );
    return found.flat();
  },

  execute(steps, tools) {
    return eachStep(steps, async ({ op, before, after, key }) => {
      if (op === 'delete' || !after) {
        if (before) await busCall(FIREWALLD, 'removeInterface', ['ss', before.zone, before.dev], GONE);
        forget(key, tools);
        return;
      }
      remember({ resource: after }, tools);
      await busCall(FIREWALLD, 'changeZoneOfInterface', ['ss', after.zone, after.dev], NO_ZONE);
    });
  },
};
