import type { EffectivePort } from '../interface/effective.ts';
import { mergePort } from '../interface/merge.ts';
import type { BridgePlug } from '../interface/plug.ts';
import type { CompleteNetwork } from '../network/complete.ts';
import { compileAssociation } from './association.ts';
import { bridgeOf } from './complete.ts';
import { deviceNameProblem } from './device-name.ts';
import type { PortFacts } from './facts.ts';
import type { Owner, Resource } from './host-state.ts';
import { compileHostdev, compileVf } from './hostdev.ts';
import { isOvsPort, portLink, type PortLink } from './port-link.ts';
import { bridgePortVlan, ovsPortVlan } from './port-vlan.ts';
import { askedPort, type PortRecord } from './port.ts';
import type { Finding, Report } from './report.ts';
import { checkLimits, compilePortShaping, outboundVia } from './shaping.ts';

/** A port with what surrounds it. */
interface PortContext {
  readonly network: CompleteNetwork;
  readonly record: PortRecord;
  readonly effective: EffectivePort;
  readonly owner: Required<Owner>;
  readonly facts: PortFacts;
  readonly report: Report;
}

/**
 * What one guest's connection means on this host. `foreign` is the tap that somebody else made for it: only its place on the network's
 * bridge is ours to mind. Finds VNI2xx of the merge, VNC004, VNC005 and VNC007.
 */
export function compilePort(
  network: CompleteNetwork,
  record: PortRecord,
  facts: PortFacts,
  report: Report,
  foreign?: string,
): readonly Resource[] {
  const effective = effectivePort(network, record, report);
  if (effective === undefined) return [];
  const owner = { network: network.uuid, port: record.port.uuid };
  const context = { network, record, effective, owner, facts, report };
  if (record.port.plug?.type === 'hostdev-pci') return compileHostdev(context, record.port.plug);
  if (foreign !== undefined) return plugged(context, { dev: foreign });
  const link = portLink(record.attachment, record.port, effective);
  if (!link) return [];
  if (!checkPort(context, link)) return [];
  warnOfFixedMac(context, link);
  return [
    ...linkResources(context, link),
    ...(link.spec.type === 'macvtap' ? behindParent(context, link.spec.parent) : plugged(context, link)),
    ...shaped(context, link),
  ];
}

/**
 * What the guest gets. One whose device somebody else makes is not asked again whether its network can serve it: libvirt takes a reclaimed
 * port, and an edit of a network with ports, without a look. What the network cannot give is told and left out.
 */
function effectivePort(network: CompleteNetwork, record: PortRecord, report: Report): EffectivePort | undefined {
  const port = askedPort(record);
  const merged = mergePort({ network, port }, { unknownPortgroup: 'ignore' });
  if (merged.ok || record.attachment.type !== 'none') {
    report.add(merged.diagnostics);
    return merged.ok ? merged.value : undefined;
  }
  report.add(merged.diagnostics.map((d) => ({ ...d, severity: 'warning' })));
  const { portgroup: _group, virtualport: _theirs, bandwidth: _limits, ...rest } = port;
  const { virtualport: _ours, ...bare } = network;
  const left = mergePort({ network: { ...bare, portgroups: [] }, port: rest });
  return left.ok ? left.value : undefined;
}

function linkResources({ record, effective, owner }: PortContext, { dev, spec }: PortLink): readonly Resource[] {
  const mtu = record.mtu ?? effective.mtu;
  const link: Resource = {
    kind: 'link',
    owner,
    name: dev,
    // A macvtap is the guest's own end: it carries the guest's address. The host's end of a veth or tap keeps one of its own.
    ...(spec.type === 'macvtap' && { mac: record.port.mac }),
    ...(mtu ? { mtu } : {}),
    spec,
  };
  return record.linkDown ? [link] : [link, { kind: 'link-up', owner, dev }];
}

/** The device's place on its bridge. */
function plugged(context: PortContext, { dev }: Pick<PortLink, 'dev'>): readonly Resource[] {
  const { network, record, effective, owner } = context;
  const bridge = plugBridge(context);
  if (bridge === undefined) return [];
  if (isOvsPort(effective)) return [ovsPort(context, bridge, dev)];
  // MidoNet's agent takes the device itself; the bridge is only what libvirt's format asks for.
  if (effective.virtualport?.type === 'midonet') return compileAssociation(context, { device: dev });
  const managesMacs = (bridgePlug(record)?.macTableManager ?? network.bridge?.macTableManager) === 'libvirt';
  const port: Resource = {
    kind: 'bridge-port',
    owner,
    dev,
    bridge,
    isolated: effective.isolated,
    // A trusted guest may change its MAC: the bridge learns where the new one is.
    learning: !managesMacs || effective.trustGuestRxFilters,
    unicastFlood: !managesMacs,
    ...(effective.vlan && { vlan: bridgePortVlan(effective.vlan) }),
  };
  return managesMacs ? [port, { kind: 'fdb', owner, dev, mac: record.port.mac }] : [port];
}

/** OVN and other controllers find a guest by `iface-id`; the other keys are those that libvirt sets. */
function ovsPort({ record, effective, owner }: PortContext, bridge: string, dev: string): Resource {
  const { interfaceid, profileid } = effective.virtualport ?? {};
  return {
    kind: 'ovs-port',
    owner,
    bridge,
    dev,
    ...(effective.vlan ? ovsPortVlan(effective.vlan) : { trunks: [] }),
    isolated: effective.isolated,
    externalIds: {
      'attached-mac': record.port.mac,
      'vm-id': record.port.owner.uuid,
      'iface-status': 'active',
      ...(interfaceid !== undefined && { 'iface-id': interfaceid }),
      ...(profileid !== undefined && { 'port-profile': profileid }),
    },
  };
}

/** What is set on the device below a macvtap, and told the switch behind it. */
function behindParent(context: PortContext, parent: string): readonly Resource[] {
  const vf = context.facts.vfs.find((v) => v.dev === parent);
  const isAlone = context.network.forward.mode === 'passthrough';
  const up: Resource = { kind: 'parent-up', owner: context.owner, dev: parent };
  // A virtual function that one guest has to itself: its tag is set through the physical function.
  return [
    ...(isAlone && vf ? [compileVf(context, vf)] : []),
    ...(context.record.linkDown ? [] : [up]),
    ...compileAssociation(context, { device: parent, vf }),
  ];
}

/** A macvtap's two directions are the guest's, not the host's: what the guest sends leaves through it. */
function shaped({ network, effective, owner, report }: PortContext, { dev, spec }: PortLink): readonly Resource[] {
  const { inbound, outbound } = effective.bandwidth ?? {};
  const seen = spec.type === 'macvtap' ? { in: outbound, out: inbound } : { in: inbound, out: outbound };
  const via = effective.plugType === 'network' ? outboundVia(network) : undefined;
  checkLimits(effective.bandwidth, '', report);
  const shaping = compilePortShaping(owner, dev, { ...(seen.in && { inbound: seen.in }), ...(seen.out && { outbound: seen.out }) }, via);
  return shaping ? [shaping] : [];
}

function bridgePlug(record: PortRecord): BridgePlug | undefined {
  const plug = record.port.plug;
  return plug?.type === 'bridge' || plug?.type === 'network' ? plug : undefined;
}

function plugBridge({ network, record, effective }: PortContext): string | undefined {
  if (effective.plugType !== 'network' && effective.plugType !== 'bridge') return undefined;
  return bridgePlug(record)?.bridge ?? bridgeOf(network);
}

/** Says why a device of ours cannot be made or plugged here; false when it cannot. */
function checkPort(context: PortContext, link: PortLink): boolean {
  const problem = portProblem(context, link);
  if (problem) context.report.error(problem);
  return problem === undefined;
}

function portProblem(context: PortContext, { dev, spec }: PortLink): Finding | undefined {
  const { record, network } = context;
  const guest = record.port.owner.name;
  const badName = deviceNameProblem(dev);
  if (badName !== undefined)
    return { code: 'VNC007', message: `device name '${dev}' of guest '${guest}' ${badName}`, found: dev, hint: 'choose another name' };
  if (spec.type === 'veth') {
    const { name, netns } = spec.peer;
    const badPeer = deviceNameProblem(name);
    if (badPeer !== undefined)
      return { code: 'VNC007', message: `device name '${name}' in guest '${guest}' ${badPeer}`, found: name, hint: 'choose another name' };
    if (!/^(?:\/[^\x00-\x20\x7f"'\\]+|[^/\x00-\x20\x7f"'\\]+)$/u.test(netns)) {
      return {
        code: 'VNC007',
        message: `guest '${guest}' names no network namespace: '${netns}'`,
        found: netns,
        hint: 'give a name of `ip netns`, or an absolute path',
      };
    }
  }
  const untold = switchProblem(context);
  if (untold) return untold;
  if (spec.type === 'macvtap') return macvtapProblem(context, spec.parent);
  const bridge = plugBridge(context);
  if (bridge !== undefined) return bridgePortProblem(context, bridge);
  return {
    code: 'VNC005',
    message: `network '${network.name}' has no bridge to plug the ${spec.type} of guest '${guest}' into`,
    hint: 'attach the guest by macvtap, or use a network with a bridge',
  };
}

/** A switch of 802.1Qbg learns of the guest from lldpad. */
function switchProblem({ record, effective, facts }: PortContext): Finding | undefined {
  if (effective.virtualport?.type !== '802.1Qbg' || facts.capabilities.vdp) return undefined;
  return {
    code: 'VNC005',
    message: `guest '${record.port.owner.name}' needs lldpad to tell the switch of it (802.1Qbg), and its tool 'vdptool' is not installed here`,
    hint: 'install lldpad and start it',
  };
}

function macvtapProblem(context: PortContext, parent: string): Finding | undefined {
  const { record, facts } = context;
  if (facts.links.has(parent)) return untagged(context, parent);
  return {
    code: 'VNC004',
    message: `device '${parent}' under guest '${record.port.owner.name}' does not exist`,
    found: parent,
    hint: 'bring the device back, or detach the guest',
  };
}

function bridgePortProblem({ record, effective, facts, network }: PortContext, bridge: string): Finding | undefined {
  const guest = record.port.owner.name;
  if (effective.plugType === 'bridge' && !facts.links.has(bridge)) {
    return {
      code: 'VNC004',
      message: `bridge '${bridge}' of network '${network.name}' does not exist`,
      path: '/network/bridge/@name',
      found: bridge,
      hint: `make it first: ip link add ${bridge} type bridge`,
    };
  }
  if (isOvsPort(effective)) {
    if (facts.capabilities.openvswitch) return undefined;
    return {
      code: 'VNC005',
      message: `guest '${guest}' needs Open vSwitch, which does not run here`,
      hint: 'install openvswitch-switch and start it',
    };
  }
  if (effective.virtualport?.type === 'midonet') return midonetProblem(guest, effective, facts);
  if (!effective.vlan || facts.capabilities.vlanFiltering) return undefined;
  return {
    code: 'VNC005',
    message: `this kernel has no VLAN filtering on bridges, so guest '${guest}' cannot be put on its VLAN`,
    hint: 'use an Open vSwitch bridge, or a kernel with CONFIG_BRIDGE_VLAN_FILTERING',
  };
}

function midonetProblem(guest: string, { isolated }: EffectivePort, { capabilities }: PortFacts): Finding | undefined {
  if (isolated) {
    return {
      code: 'VNC005',
      message: `guest '${guest}' cannot be isolated: under MidoNet it is no port of a bridge`,
      hint: "leave <port isolated='yes'/> out, and give its port a rule chain in MidoNet",
    };
  }
  if (capabilities.midonet) return undefined;
  return {
    code: 'VNC005',
    message: `guest '${guest}' needs MidoNet's tool 'mm-ctl', which is not installed here`,
    hint: 'install the MidoNet agent (midolman) and start it, or use a bridge without the virtualport',
  };
}

/** A trusted guest may change its MAC, but a macvtap that shares its device takes frames for its own MAC alone, which QEMU's events would tell. */
function warnOfFixedMac({ record, effective, report }: PortContext, { spec }: PortLink): void {
  if (!effective.trustGuestRxFilters || spec.type !== 'macvtap' || spec.mode === 'passthru') return;
  report.warn({
    code: 'VNC006',
    message: `trustGuestRxFilters lets guest '${record.port.owner.name}' receive every multicast, but a MAC that it changes to is not followed`,
    hint: 'leave its MAC as it is, or use a passthrough network or one with a bridge',
  });
}

/** A passthrough guest's tag is set in the card: only a virtual function has a place for it. */
function untagged({ effective, record, facts }: PortContext, parent: string): Finding | undefined {
  // A switch that is told of the guest (802.1Qbg) is told its VLAN.
  const isTold = effective.virtualport?.type === '802.1Qbg';
  if (!effective.vlan || isTold || facts.vfs.some((vf) => vf.dev === parent)) return undefined;
  return {
    code: 'VNC005',
    message: `guest '${record.port.owner.name}' cannot be put on its VLAN: device '${parent}' is no SR-IOV virtual function`,
    found: parent,
    hint: 'list virtual functions in the pool, or leave <vlan> out',
  };
}
