import type { ArgsOf, Procedure, ProcedureName } from '../../src/libvirt-rpc/protocol/procedures.ts';
import { procedures } from '../../src/libvirt-rpc/protocol/procedures.ts';
import { REMOTE_PROGRAM, writePacket } from '../../src/libvirt-rpc/wire/packet.ts';

/** The network and port that the samples are about. */
export const sampleNetwork = { name: 'net1', uuid: '11111111-2222-3333-4444-555555555501' } as const;
const network = sampleNetwork;
const port = { network, uuid: '22222222-2222-3333-4444-555555555501' };
const xml = `<network><name>net1</name><uuid>${network.uuid}</uuid><bridge name='virbr7'/><ip address='10.77.1.1' prefix='24'/></network>`;
const portXml = `<networkport><uuid>${port.uuid}</uuid><owner><name>a</name><uuid>${port.uuid}</uuid></owner><mac address='52:54:00:00:00:01'/></networkport>`;
const parameter = { field: 'inbound.average', type: 'uint', value: 100 } as const;

/** Good arguments for every procedure; one without does not compile. */
export const sampleArgs: { readonly [K in ProcedureName]: ArgsOf<K> } = {
  connectOpen: { name: 'network:///system', flags: 0 },
  connectClose: undefined,
  connectGetType: undefined,
  connectSupportsFeature: 10,
  connectGetUri: undefined,
  connectIsSecure: undefined,
  connectGetLibVersion: undefined,
  connectRegisterCloseCallback: undefined,
  connectUnregisterCloseCallback: undefined,
  connectSetIdentity: { parameters: [{ field: 'user-name', type: 'string', value: 'root' }], flags: 0 },
  authList: undefined,
  authSaslInit: undefined,
  authSaslStart: { mechanism: 'PLAIN', nil: 0, data: [97, 98] },
  authSaslStep: { nil: 0, data: [97] },
  authPolkit: undefined,
  listDefinedNetworks: 100,
  listNetworks: 100,
  networkCreate: network,
  networkCreateXml: xml,
  networkDefineXml: xml,
  networkDestroy: network,
  networkGetXmlDesc: { network, flags: 0 },
  networkGetAutostart: network,
  networkGetBridgeName: network,
  networkLookupByName: 'net1',
  networkLookupByUuid: network.uuid,
  networkSetAutostart: { network, autostart: 1 },
  networkUndefine: network,
  numOfDefinedNetworks: undefined,
  numOfNetworks: undefined,
  networkIsActive: network,
  networkIsPersistent: network,
  listAllNetworks: { needResults: 1, flags: 3 },
  networkUpdate: { network, command: 3, section: 4, parentIndex: -1, xml: "<host mac='52:54:00:aa:cc:66' ip='10.77.1.66'/>", flags: 3 },
  networkGetDhcpLeases: { network, mac: '52:54:00:aa:cc:66', needResults: 1, flags: 0 },
  networkDefineXmlFlags: { xml, flags: 1 },
  networkCreateXmlFlags: { xml, flags: 1 },
  networkSetMetadata: { network, type: 2, metadata: '<a/>', key: 'k', uri: 'urn:x', flags: 0 },
  networkGetMetadata: { network, type: 2, uri: 'urn:x', flags: 0 },
  networkEventRegisterAny: { eventId: 0, network },
  networkEventDeregisterAny: 0,
  networkListAllPorts: { network, needResults: 1, flags: 0 },
  networkPortLookupByUuid: { network, uuid: port.uuid },
  networkPortCreateXml: { network, xml: portXml, flags: 0 },
  networkPortGetParameters: { port, count: 0, flags: 0 },
  networkPortSetParameters: { port, parameters: [parameter], flags: 0 },
  networkPortGetXmlDesc: { port, flags: 0 },
  networkPortDelete: { port, flags: 0 },
};

/** A whole, good packet of every procedure. */
export function samplePackets(serial = 0): ReadonlyMap<ProcedureName, Buffer> {
  const names = Object.keys(sampleArgs) as ProcedureName[];
  return new Map(
    names.map((name) => {
      const procedure: Procedure = procedures[name];
      const header = { program: REMOTE_PROGRAM, version: 1, procedure: procedure.number, type: 0, serial, status: 0 };
      return [name, writePacket(header, procedure.args, sampleArgs[name])];
    }),
  );
}
