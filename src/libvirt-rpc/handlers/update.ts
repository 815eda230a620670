import { commandOf, sectionOf } from '../../network/update.ts';
import { AFFECT_FLAGS, affectOf, checkFlags } from './flags.ts';
import type { Handlers } from './handlers.ts';
import { onNetwork } from './network-of.ts';

export const updateHandlers: Handlers<'networkUpdate'> = {
  networkUpdate: async (session, args) => {
    checkFlags(args.flags, AFFECT_FLAGS, 'networkUpdate');
    const { network: handle, parentIndex, xml: fragment } = args;
    // A number that is none of libvirt's is refused by the section that it comes to, in libvirt's order of checks.
    const request = {
      section: sectionOf(args.section),
      command: commandOf(args.command | 0) /* libvirt takes the word for a signed one */,
      parentIndex,
      fragment,
      affect: affectOf(args.flags),
    };
    await onNetwork(handle, () => session.service.driver.update({ uuid: handle.uuid }, request));
  },
};
