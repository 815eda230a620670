import { Code, Domain } from '../protocol/error-numbers.ts';
import { remoteError } from '../remote-error.ts';
import type { Session } from '../session.ts';
import { destroy } from './destroy.ts';
import { checkFlags } from './flags.ts';
import type { Handlers } from './handlers.ts';
import { handleOf, lookUp, networkOf, onNetwork } from './network-of.ts';
import type { NetworkHandle } from '../protocol/structs.ts';

/** `VIR_NETWORK_XML_INACTIVE`. */
const XML_INACTIVE = 1;
/** `VIR_NETWORK_DEFINE_VALIDATE` and `VIR_NETWORK_CREATE_VALIDATE`. */
const VALIDATE = 1;

type Names =
  | 'networkCreate'
  | 'networkCreateXml'
  | 'networkCreateXmlFlags'
  | 'networkDefineXml'
  | 'networkDefineXmlFlags'
  | 'networkDestroy'
  | 'networkUndefine'
  | 'networkGetXmlDesc'
  | 'networkGetAutostart'
  | 'networkSetAutostart'
  | 'networkGetBridgeName'
  | 'networkLookupByName'
  | 'networkLookupByUuid'
  | 'networkIsActive'
  | 'networkIsPersistent';

export const networkHandlers: Handlers<Names> = {
  networkLookupByName: (session, name) => lookUp(`name '${name}'`, () => session.service.driver.get({ name })),
  networkLookupByUuid: (session, uuid) => lookUp(`uuid '${uuid}'`, () => session.service.driver.get({ uuid })),
  networkDefineXml: (session, xml) => define(session, xml, 0),
  networkDefineXmlFlags: (session, { xml, flags }) => define(session, xml, flags),
  networkCreateXml: (session, xml) => create(session, xml, 0),
  networkCreateXmlFlags: (session, { xml, flags }) => create(session, xml, flags),
  networkCreate: async (session, handle) => {
    await onNetwork(handle, () => session.service.driver.start({ uuid: handle.uuid }));
  },
  networkDestroy: destroy,
  networkUndefine: (session, handle) => onNetwork(handle, () => session.service.driver.undefine({ uuid: handle.uuid })),
  networkGetXmlDesc: (session, { network: handle, flags }) => {
    checkFlags(flags, XML_INACTIVE, 'networkGetXMLDesc');
    const inactive = (flags & XML_INACTIVE) !== 0;
    return onNetwork(handle, () => session.service.driver.xml({ uuid: handle.uuid }, { inactive }));
  },
  networkGetAutostart: async (session, handle) => ((await networkOf(session, handle)).autostart ? 1 : 0),
  networkSetAutostart: (session, { network: handle, autostart }) =>
    onNetwork(handle, () => session.service.driver.setAutostart({ uuid: handle.uuid }, autostart !== 0)),
  networkGetBridgeName: async (session, handle) => {
    const { bridge, name } = await networkOf(session, handle);
    if (bridge === undefined) throw remoteError(Code.internalError, Domain.network, `network '${name}' does not have a bridge name.`);
    return bridge;
  },
  // virt-manager asks right after a definition, and takes no second look when the start ends before it is done with the answer.
  networkIsActive: async (session, handle) => ((await networkOf(session, handle, { afterStart: true })).active ? 1 : 0),
  networkIsPersistent: async (session, handle) => ((await networkOf(session, handle)).persistent ? 1 : 0),
};

async function define(session: Session, xml: string, flags: number): Promise<NetworkHandle> {
  checkFlags(flags, VALIDATE, 'networkDefineXMLFlags');
  return handleOf(await session.service.driver.define(xml, { validate: (flags & VALIDATE) !== 0 }));
}

async function create(session: Session, xml: string, flags: number): Promise<NetworkHandle> {
  checkFlags(flags, VALIDATE, 'networkCreateXMLFlags');
  return handleOf(await session.service.driver.create(xml, { validate: (flags & VALIDATE) !== 0 }));
}
