import { resourceKey, type AssociationResource, type ProfileSpec, type VsiSpec } from '../compile/host-state.ts';
import { eachStep, type DirectHandler, type HostTools } from './handler.ts';
import { concerned, forget, recall, remember } from './memo.ts';
import { associateProfile, disassociateProfile } from './port-profile.ts';
import { associateVsi, deassociateVsi, isAssociated } from './vdp.ts';

/**
 * Guests that a switch knows. lldpad tells which of them it holds; a card tells only how the last request fared, so that a profile is there
 * once it was granted.
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
      const isHeld = isVsi(memo.resource) ? await isAssociated(memo.resource) : memo.before === GRANTED || !isWanted;
      if (isHeld) found.push(memo.resource);
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
    if (isVsi(r)) await associateVsi(r);
    else if (isProfile(r)) await associateProfile(r, tools);
    remember({ resource: r, before: GRANTED }, tools);
  } catch (error) {
    forget(resourceKey(r), tools); // refused: there is nothing to end
    throw error;
  }
}

async function end(r: AssociationResource, tools: HostTools): Promise<void> {
  if (isVsi(r)) await deassociateVsi(r);
  else if (isProfile(r)) await disassociateProfile(r, tools);
  forget(resourceKey(r), tools);
}

function isVsi(r: AssociationResource): r is AssociationResource & { readonly spec: VsiSpec } {
  return r.spec.type === '802.1Qbg';
}

function isProfile(r: AssociationResource): r is AssociationResource & { readonly spec: ProfileSpec } {
  return r.spec.type === '802.1Qbh';
}
