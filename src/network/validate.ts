import { child, children, type XmlElement } from '../xml/node.ts';
import { refuse, warn, type Problem, type ReadContext } from './context.ts';
import { formatPciAddress } from './pci-address.ts';
import { FROM, unsupported, xmlDetail } from './libvirt-error.ts';
import { isManaged, type Network } from './network.ts';
import type { PortGroup } from './portgroup.ts';

/** The checks that libvirt's network driver makes at definition, on a document that its reader has accepted, in its order. */
export function validate(context: ReadContext, root: XmlElement, network: Network): void {
  checkNameLine(context, root, network.name);
  const managed = isManaged(network);
  if (!managed) checkNoServices(context, root, network);
  checkDevices(context, network);
  checkOneDhcp(context, network);
  checkPortGroups(context, network);
  checkVlans(context, root, network);
}

/** libvirt's reader lets a line break in the name pass; its driver does not. */
function checkNameLine(context: ReadContext, root: XmlElement, name: string): void {
  if (!name.includes('\n')) return;
  refuse(context, child(root, 'name') ?? root, {
    code: 'VNM008',
    message: 'the name holds a line break',
    found: name,
    hint: 'remove it',
    libvirt: xmlDetail('invalid char in name: \n', FROM.xml),
  });
}

/** A network without a bridge of its own has no address, names or shaping. */
function checkNoServices(context: ReadContext, root: XmlElement, network: Network): void {
  const { mode } = network.forward;
  const refusePart = (tag: string, words = `<${tag}>`): void => {
    refuse(context, child(root, tag) ?? root, {
      code: 'VNM050',
      message: `<${tag}> has no meaning in mode '${mode}'`,
      hint: `remove <${tag}>: ${mode === 'bridge' ? 'whoever runs the bridge' : 'the network outside'} decides`,
      libvirt: unsupported(`Unsupported ${words} element in network ${context.name} with forward mode='${mode}'`),
    });
  };
  if (network.mac !== undefined) refusePart('mac');
  if (children(root, 'ip').length > 0) refusePart('ip');
  const { dns } = network;
  if (dns && dns.txts.length + dns.srvs.length + dns.hosts.length > 0) refusePart('dns');
  if (network.domain) refusePart('domain');
  if (network.bandwidth && !hasBridge(network)) refusePart('bandwidth', 'network-wide <bandwidth>');
}

/** True when guests are plugged into a bridge: the network's own or one of the host. */
function hasBridge(network: Network): boolean {
  return isManaged(network) || (network.forward.mode === 'bridge' && network.bridge?.name !== undefined);
}

function checkDevices(context: ReadContext, network: Network): void {
  const { mode, interfaces, addresses } = network.forward;
  const element = context.origins.get(network.forward);
  if (!element) return;
  const first = interfaces[0];
  if (mode === 'hostdev' && first) {
    refuse(context, context.origins.get(first) ?? element, {
      code: 'VNM050',
      message: "mode 'hostdev' takes PCI addresses, not device names",
      found: first.dev,
      hint: "write <address type='pci' .../>, or <pf dev='...'/>",
      libvirt: unsupported(
        `hostdev network '${context.name}' lists '${first.dev}' in the device pool, but hostdev networks require all devices to be listed by PCI address, not network device name`,
      ),
    });
  }
  for (const entry of addresses) {
    const place = context.origins.get(entry) ?? element;
    if (mode !== 'hostdev') {
      refuse(context, place, {
        code: 'VNM050',
        message: `mode '${mode}' takes device names, not PCI addresses`,
        hint: "write <interface dev='...'/>, or mode='hostdev'",
        libvirt: unsupported(
          `network '${context.name}' has forward mode '${mode}' but lists a device by PCI address in the device pool. This is only supported for networks with forward mode 'hostdev'`,
        ),
      });
      return;
    }
    const text = formatPciAddress(entry.address);
    warn(context, place, {
      code: 'VNM057',
      message: `whether ${text} is a virtual function is asked at start; libvirt asks at definition`,
      found: text,
      hint: "list the functions of this host with 'ls -d /sys/class/net/*/device/virtfn*'",
      libvirt: unsupported(`device '/sys/bus/pci/devices/${text}' in network '${context.name}' is not an SR-IOV Virtual Function`),
    });
  }
}

function checkOneDhcp(context: ReadContext, network: Network): void {
  const seen = new Map<string, object>();
  for (const ip of network.ips) {
    if (!ip.dhcp || ip.dhcp.ranges.length + ip.dhcp.hosts.length === 0) continue;
    const family = ip.address.includes(':') ? 'IPv6' : 'IPv4';
    const element = context.origins.get(ip.dhcp);
    const first = seen.get(family);
    if (first && element) {
      refuse(context, element, {
        code: 'VNM052',
        message: `two ${family} addresses have DHCP; one dnsmasq serves one subnet of a family`,
        hint: 'keep one <dhcp>, or make a second network',
        libvirt: unsupported(
          `Multiple ${family} dhcp sections found -- dhcp is supported only for a single ${family} address on each network`,
        ),
        related: [{ message: 'the first of the two', element: context.origins.get(first) }],
      });
    }
    seen.set(family, first ?? ip.dhcp);
  }
}

function checkPortGroups(context: ReadContext, network: Network): void {
  let preset: PortGroup | undefined;
  const firsts = new Set<string>();
  const seconds = new Map<string, PortGroup>();
  for (const group of network.portgroups) {
    if (firsts.has(group.name) && !seconds.has(group.name)) seconds.set(group.name, group);
    firsts.add(group.name);
  }
  const bridged = hasBridge(network);
  for (const group of network.portgroups) {
    const element = context.origins.get(group);
    if (!element) continue;
    const at = (other: PortGroup | undefined): Pick<Problem, 'related'> => ({
      related: [{ message: 'the other portgroup', element: other && context.origins.get(other) }],
    });
    if (group.default) {
      if (preset) {
        refuse(context, element, {
          code: 'VNM058',
          message: `two portgroups are the default: '${preset.name}' and '${group.name}'`,
          attribute: 'default',
          hint: "remove one default='yes'",
          libvirt: unsupported(
            `network '${context.name}' has multiple default <portgroup> elements (${preset.name} and ${group.name}), but only one default is allowed`,
          ),
          ...at(preset),
        });
      }
      preset ??= group;
    }
    const twin = seconds.get(group.name);
    if (twin && seconds.delete(group.name)) {
      refuse(context, context.origins.get(twin) ?? element, {
        code: 'VNM058',
        message: `two portgroups are named '${group.name}'`,
        attribute: 'name',
        found: group.name,
        hint: 'rename one of the two',
        libvirt: unsupported(`multiple <portgroup> elements with the same name (${group.name}) in network '${context.name}'`),
        ...at(group),
      });
    }
    if (group.bandwidth && !bridged) checkGroupBandwidth(context, element, network, group);
  }
}

/** The page that virtnet implements shapes the guests of macvtap portgroups in its own example; libvirt refuses it. */
function checkGroupBandwidth(context: ReadContext, element: XmlElement, network: Network, group: PortGroup): void {
  const { mode } = network.forward;
  const problem: Problem = {
    code: mode === 'hostdev' ? 'VNM050' : 'VNM059',
    message:
      mode === 'hostdev'
        ? "a virtual function cannot be shaped: <bandwidth> has no meaning in mode 'hostdev'"
        : `libvirt refuses <bandwidth> in a portgroup of mode '${mode}'`,
    hint: mode === 'hostdev' ? 'remove <bandwidth>' : 'fine with virtnet; set it in the guest for libvirt',
    libvirt: unsupported(
      `Unsupported <bandwidth> element in network '${context.name}' in portgroup '${group.name}' with forward mode='${mode}'`,
    ),
  };
  const place = child(element, 'bandwidth') ?? element;
  if (mode === 'hostdev') refuse(context, place, problem);
  else warn(context, place, problem);
}

/** A VLAN of the network or of a portgroup: on bridges of the host, passthrough and hostdev; beside a virtualport of a portgroup only on Open vSwitch. */
function checkVlans(context: ReadContext, root: XmlElement, network: Network): void {
  const { mode } = network.forward;
  const type = network.virtualport?.type;
  const allowed = mode === 'hostdev' || mode === 'passthrough' || (mode === 'bridge' && (type === undefined || type === 'openvswitch'));
  const own = network.vlan && child(root, 'vlan');
  let place = own && !allowed ? own : undefined;
  for (const group of network.portgroups) {
    const element = context.origins.get(group);
    if (!element || (!network.vlan && !group.vlan)) continue;
    const hasVirtualPort = child(element, 'virtualport') !== undefined;
    const fits = hasVirtualPort ? mode === 'bridge' && group.virtualport?.type === 'openvswitch' : allowed;
    if (!fits) place ??= group.vlan ? context.origins.get(group.vlan) : own;
  }
  if (!place) return;
  refuse(context, place, {
    code: 'VNM050',
    message:
      mode === 'bridge' || allowed
        ? '<vlan> does not go with a virtualport of this type'
        : `<vlan> has no meaning in ${mode === 'none' ? 'an isolated network' : `mode '${mode}'`}`,
    hint: allowed
      ? 'use openvswitch in mode bridge, or leave the virtualport out'
      : 'remove <vlan>, or use a bridge of the host, passthrough or hostdev',
    libvirt: unsupported(`<vlan> element specified for network ${context.name}, whose type doesn't support vlan configuration`),
  });
}
