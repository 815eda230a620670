import { isVirtnetError, VirtnetError } from '../../base/errors.ts';
import type { ZoneResource } from '../../compile/host-state.ts';
import { busCall, type BusObject } from '../tools/bus.ts';
import { eachStep } from '../handler.ts';
import type { DirectHandler } from '../handler.ts';
import { concerned, forget, remember } from '../memo.ts';

const NAME = 'org.fedoraproject.FirewallD1';

/** firewalld on the system bus: what it says of its zones or its policies. */
export const firewalldObject = (part: 'zone' | 'policy'): BusObject => ({
  service: NAME,
  path: '/org/fedoraproject/FirewallD1',
  interface: `${NAME}.${part}`,
});
const FIREWALLD = firewalldObject('zone');
const NO_ZONE = /UNKNOWN_INTERFACE|NOT_ENABLED|not in any zone/;
const GONE = /UNKNOWN_INTERFACE|NOT_ENABLED|INVALID_ZONE|not in any zone|ServiceUnknown|not provided|not activatable/;

/** A zone that firewalld does not know, as libvirt tells it. */
function inWordsOfLibvirt(cause: unknown): unknown {
  const [words] = isVirtnetError(cause) ? (/INVALID_ZONE: .*/.exec(cause.message) ?? []) : [];
  if (!isVirtnetError(cause) || words === undefined) return cause;
  return new VirtnetError({
    code: cause.code,
    message: cause.message,
    hint: '`firewall-cmd --get-zones` lists those that there are',
    details: cause.details,
    libvirt: { code: 89, domain: 47, message: `GDBus.Error:${NAME}.Exception: ${words}` },
    cause,
  });
}

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
      await busCall(FIREWALLD, 'changeZoneOfInterface', ['ss', after.zone, after.dev], NO_ZONE).catch((cause: unknown) => {
        throw inWordsOfLibvirt(cause);
      });
    });
  },
};
