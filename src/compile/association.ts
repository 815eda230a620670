import type { EffectivePort } from '../interface/effective.ts';
import type { VfFact } from './facts.ts';
import type { AssociationResource, Owner } from './host-state.ts';
import type { PortRecord } from './port.ts';

interface AssociationContext {
  readonly record: PortRecord;
  readonly effective: EffectivePort;
  readonly owner: Required<Owner>;
}

/** Where the guest meets the switch: a device, or a virtual function of one. */
export interface Uplink {
  readonly device: string;
  readonly vf?: VfFact | undefined;
}

/** What the switch is to know of a guest; nothing where the port has no virtualport of that kind. */
export function compileAssociation({ record, effective, owner }: AssociationContext, uplink: Uplink): readonly AssociationResource[] {
  const { port } = record;
  const { type, managerid, typeid, typeidversion, instanceid, interfaceid, profileid } = effective.virtualport ?? {};
  const common = { kind: 'association', owner } as const;
  if (type === '802.1Qbg') {
    if (managerid === undefined || typeid === undefined || typeidversion === undefined || instanceid === undefined) return [];
    const vlan = effective.vlan?.tags[0]?.id ?? 0;
    const spec = { type, managerid, typeid, typeidversion, instanceid, mac: port.mac, vlan };
    return [{ ...common, device: uplink.device, spec }];
  }
  if (type === 'midonet' && interfaceid !== undefined) return [{ ...common, device: uplink.device, spec: { type, interfaceid } }];
  if (type !== '802.1Qbh' || profileid === undefined) return [];
  const spec = { type, profileid, instance: port.owner.uuid };
  // A virtual function's profile is set through its physical one.
  return [
    uplink.vf ? { ...common, device: uplink.vf.pf, spec: { ...spec, vf: uplink.vf.index } } : { ...common, device: uplink.device, spec },
  ];
}
