import type { NetworkInfo, UpdateCommand, UpdateSection } from '../../driver/driver.ts';
import { Code, Domain } from '../protocol/error-numbers.ts';
import { remoteError } from '../remote-error.ts';
import { AFFECT_FLAGS, affectOf, checkFlags } from './flags.ts';
import type { Handlers } from './handlers.ts';
import { networkOf, onNetwork } from './network-of.ts';

/** `virNetworkUpdateSection` from 1. */
const sections: readonly UpdateSection[] = [
  'bridge',
  'domain',
  'ip',
  'ip-dhcp-host',
  'ip-dhcp-range',
  'forward',
  'forward-interface',
  'forward-pf',
  'portgroup',
  'dns-host',
  'dns-txt',
  'dns-srv',
];
/** `virNetworkUpdateCommand` from 1. */
const commands: readonly UpdateCommand[] = ['modify', 'delete', 'add-last', 'add-first'];

export const updateHandlers: Handlers<'networkUpdate'> = {
  networkUpdate: async (session, args) => {
    checkFlags(args.flags, AFFECT_FLAGS, 'networkUpdate');
    const { network: handle, parentIndex, xml: fragment } = args;
    const affect = affectOf(args.flags);
    const section = sections[args.section - 1];
    const command = commands[args.command - 1];
    if (section === undefined || command === undefined) {
      // libvirt looks at the network's state before it looks at the numbers.
      checkState(await networkOf(session, handle), affect);
      throw section === undefined
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
