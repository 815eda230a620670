import type { NetworkInfo } from '../../driver/driver.ts';
import { commandOf, sectionOf } from '../../network/update.ts';
import { Code, Domain } from '../protocol/error-numbers.ts';
import { remoteError } from '../remote-error.ts';
import { AFFECT_FLAGS, affectOf, checkFlags } from './flags.ts';
import type { Handlers } from './handlers.ts';
import { networkOf, onNetwork } from './network-of.ts';

export const updateHandlers: Handlers<'networkUpdate'> = {
  networkUpdate: async (session, args) => {
    checkFlags(args.flags, AFFECT_FLAGS, 'networkUpdate');
    const { network: handle, parentIndex, xml: fragment } = args;
    const affect = affectOf(args.flags);
    const section = sectionOf(args.section);
    const command = commandOf(args.command);
    if (typeof section === 'number' || typeof command === 'number') {
      // libvirt looks at the network's state before it looks at the numbers.
      checkState(await networkOf(session, handle), affect);
      throw typeof section === 'number'
        ? remoteError(Code.operationUnsupported, Domain.network, "can't update unrecognized section of network")
        : remoteError(Code.operationUnsupported, Domain.network, `unrecognized network update command code ${args.command}`);
    }
    await onNetwork(handle, () =>
      session.service.driver.update({ uuid: handle.uuid }, { section, command, parentIndex, fragment, affect }),
    );
  },
};

function checkState(network: NetworkInfo, affect: ReturnType<typeof affectOf>): void {
  if (!network.active && (affect === 'live' || affect === 'live+config')) {
    throw remoteError(Code.operationInvalid, Domain.network, 'network is not running');
  }
  if (!network.persistent && (affect === 'config' || affect === 'live+config')) {
    throw remoteError(Code.operationInvalid, Domain.network, 'cannot change persistent config of a transient network');
  }
}
