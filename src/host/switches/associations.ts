import { resourceKey, type AssociationResource } from '../../compile/host-state.ts';
import { eachStep, type DirectHandler, type HostTools } from '../handler.ts';
import { concerned, forget, recall, remember } from '../memo.ts';
import { bindPort, unbindPort } from './midonet.ts';
import { associateProfile, disassociateProfile } from './port-profile.ts';
import { associateVsi, deassociateVsi, isAssociated } from './vdp.ts';

/**
 * Guests that a switch knows. lldpad tells which of them it holds; a card tells only how the last request fared and MidoNet's tool nothing, so
 * that these are there once they were granted.
 */
export const associations: DirectHandler<'association'> = {
  async observe(look, tools) {
    const found: AssociationResource[] = [];
    for (const r of concerned('association', look, tools)) {
      const key = resourceKey(r);
      const memo = recall<'association'>(key, tools);
      if (!memo) continue; // nobody was told
      // A request that was cut off is made again where it is wanted, and taken back where it is not.
      const isWanted = look.request.desired.has(key);
      const { isHeld = () => memo.before === GRANTED || !isWanted } = meansOf(memo.resource, tools);
      if (await isHeld()) found.push(memo.resource);
      else if (!isWanted) forget(key, tools);
    }
    return found;
  },

  execute(steps, tools) {
    return eachStep(steps, async ({ before, after }) => {
      // A switch is told of a changed guest by the end of the old one.
      if (before) await end(before, tools);
      if (after) await begin(after, tools);
    });
  },
};

/** Noted once the other side has taken the request. */
const GRANTED = 'granted';

async function begin(r: AssociationResource, tools: HostTools): Promise<void> {
  remember({ resource: r }, tools);
  try {
    await meansOf(r, tools).begin();
    remember({ resource: r, before: GRANTED }, tools);
  } catch (error) {
    forget(resourceKey(r), tools); // refused: there is nothing to end
    throw error;
  }
}

async function end(r: AssociationResource, tools: HostTools): Promise<void> {
  await meansOf(r, tools).end();
  forget(resourceKey(r), tools);
}

/** How one kind of switch is told, and asked where it can be. */
interface Means {
  readonly begin: () => Promise<void>;
  readonly end: () => Promise<void>;
  readonly isHeld?: () => Promise<boolean> | boolean;
}

function meansOf({ device, spec }: AssociationResource, tools: HostTools): Means {
  switch (spec.type) {
    case '802.1Qbg': {
      const vsi = { device, spec };
      return { begin: () => associateVsi(vsi), end: () => deassociateVsi(vsi), isHeld: () => isAssociated(vsi) };
    }
    case '802.1Qbh': {
      const profile = { device, spec };
      return { begin: () => associateProfile(profile, tools), end: () => disassociateProfile(profile, tools) };
    }
    case 'midonet': {
      const binding = { device, spec };
      return { begin: () => bindPort(binding), end: () => unbindPort(binding) };
    }
  }
}
