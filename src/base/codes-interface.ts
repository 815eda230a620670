import type { CodeEntry } from './codes.ts';

/** Codes of findings about guests' interfaces and ports: `VNI0xx` port documents, `VNI1xx` interfaces, `VNI2xx` merging with a network. */
export const interfaceCodes: Readonly<Record<string, CodeEntry>> = {
  VNI201: {
    title: 'no such portgroup',
    explanation:
      'The interface asks for a portgroup that the network does not have. libvirt lets this pass and applies no portgroup at all, not even the default one.',
    bad: "<source network='default' portgroup='acounting'/>",
    good: "<source network='default' portgroup='accounting'/>",
  },
  VNI202: {
    title: 'virtualport settings clash',
    explanation:
      'The virtualport of the interface, its portgroup and the network are merged parameter by parameter. A parameter given twice must be the same in both places.',
    bad: "a network with <virtualport type='openvswitch'/> and an interface with <virtualport type='802.1Qbh'/>",
  },
  VNI203: {
    title: 'virtualport incomplete',
    explanation: 'After merging, a parameter that this type of virtualport needs is still missing.',
    bad: "<virtualport type='802.1Qbg'/> with no typeid anywhere",
    good: "<virtualport type='802.1Qbg'><parameters managerid='11' typeid='1193047' typeidversion='2'/></virtualport>",
  },
  VNI204: {
    title: 'virtualport does not fit the network',
    explanation:
      'openvswitch needs a network that names a bridge of the host, 802.1Qbg a macvtap network, 802.1Qbh a macvtap network or a pool of virtual functions; networks with a bridge of their own take none.',
  },
  VNI205: {
    title: 'floor cannot be guaranteed',
    explanation:
      'A guaranteed rate (floor) needs a network with a bridge of its own and an inbound limit on that network, to share out. Host bridges, macvtap devices and virtual functions cannot guarantee one.',
    good: "<bandwidth><inbound average='1000'/></bandwidth> in the network",
  },
  VNI206: {
    title: 'floors exceed the network',
    explanation:
      "The guaranteed rates of all guests together must not exceed the network's inbound peak, or its average where no peak is given.",
  },
  VNI207: {
    title: 'VLAN does not fit the network',
    explanation:
      'Only Open vSwitch and VLAN-filtering host bridges, virtual functions, and macvtap in passthrough mode can carry a tag for one guest.',
  },
};
