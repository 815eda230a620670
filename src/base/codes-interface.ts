import type { CodeEntry } from './code-entry.ts';

/** Codes of findings about guests' interfaces and ports: `VNI0xx` port documents, `VNI1xx` interfaces, `VNI2xx` merging with a network. */
export const interfaceCodes: Readonly<Record<string, CodeEntry>> = {
  VNI001: {
    title: 'other document',
    explanation: 'The root element is not the one that is read here: <networkport> for a port, <interface> for a guest.',
    bad: '<port>...</port>',
    good: '<networkport>...</networkport>',
  },
  VNI002: {
    title: 'uuid of a port missing or malformed',
    explanation: 'A port and its owner are each known by a uuid of 32 hex digits; libvirt makes none up for a port.',
    good: '<uuid>5d744f21-ba4a-4d6e-bdb2-30a35ff3207d</uuid>',
    bad: '<uuid>5d744f21</uuid>',
  },
  VNI003: {
    title: 'port without owner',
    explanation: 'A port says whose it is: the name and uuid of a guest.',
    good: '<owner><name>web</name><uuid>d54df46f-1ab5-4a22-8618-4560ef5fac2c</uuid></owner>',
    bad: '<networkport> with no <owner>',
  },
  VNI004: {
    title: 'MAC address of a port missing or malformed',
    explanation: 'A port carries the MAC address of its guest, six pairs of hex digits with colons.',
    good: "<mac address='52:54:00:7b:35:93'/>",
    bad: "<mac address='52:54:00:7b'/>",
  },
  VNI005: {
    title: 'plug incomplete',
    explanation: 'A plug of type network or bridge names its bridge, a direct one its device, a hostdev-pci one a PCI address.',
    good: "<plug type='direct' dev='eth0' mode='vepa'/>",
    bad: "<plug type='direct' mode='vepa'/>",
  },
  VNI101: {
    title: 'interface without a network',
    explanation:
      'libvirt has interface types (user, ethernet, vhostuser ...) that are connected to no network; virtnet has no part in them.',
    good: "<interface type='network'><source network='default'/></interface>",
    bad: "<interface type='user'/>",
  },
  VNI102: {
    title: 'interface without source',
    explanation: 'The <source> element says which network, bridge or device an interface is connected to.',
    bad: "<interface type='network'/>",
    good: "<interface type='network'><source network='default'/></interface>",
  },
  VNI103: {
    title: 'not a PCI device',
    explanation: 'An interface of type hostdev hands a network card to the guest; virtnet does this for PCI devices only.',
    good: "<source><address type='pci' domain='0x0000' bus='0x04' slot='0x00' function='0x1'/></source>",
    bad: "<source><address type='usb' bus='1' device='2'/></source>",
  },
  VNI104: {
    title: 'bad MAC address of a guest',
    explanation: "A guest's card has a unicast MAC address: six pairs of hex digits with colons, the first one even.",
    bad: "<mac address='53:54:00:7b:35:93'/>",
    good: "<mac address='52:54:00:7b:35:93'/>",
  },
  VNI105: {
    title: 'name of another run',
    explanation: 'libvirt names devices vnet0, macvtap0 ... itself; such a name in a document is a left-over and is not asked for.',
    bad: "<target dev='vnet3'/>",
    good: "<target dev='web0'/>",
  },
  VNI106: {
    title: 'bad model name',
    explanation: 'The model of a card is a word of letters, digits, dashes and underscores.',
    bad: "<model type='virtio net'/>",
    good: "<model type='virtio'/>",
  },
  VNI107: {
    title: 'isolation not possible',
    explanation: 'Only ports of a Linux bridge can be isolated from each other: not macvtap, PCI devices or Open vSwitch ports.',
    bad: "<port isolated='yes'/> in an interface of type direct",
    good: "<port isolated='yes'/> in an interface on a network with a bridge",
  },
  VNI201: {
    title: 'no such portgroup',
    explanation: 'The interface asks for a portgroup that the network does not have. libvirt then applies none, not even the default one.',
    bad: "<source network='default' portgroup='acounting'/>",
    good: "<source network='default' portgroup='accounting'/>",
  },
  VNI202: {
    title: 'virtualport settings clash',
    explanation: 'The virtualport of the interface, its portgroup and the network are merged. A parameter given twice must be the same.',
    bad: "a network with <virtualport type='openvswitch'/> and an interface with <virtualport type='802.1Qbh'/>",
    good: "<virtualport type='openvswitch'/> in both, or in one of them",
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
      'openvswitch and midonet need a network that names a bridge of the host, 802.1Qbg a macvtap network, 802.1Qbh a macvtap network or a pool of virtual functions; networks with a bridge of their own take none.',
    bad: "<virtualport type='802.1Qbg'/> on a NAT network",
    good: "<virtualport type='openvswitch'/> on a network with <forward mode='bridge'/> and <bridge name='ovs0'/>",
  },
  VNI205: {
    title: 'floor cannot be guaranteed',
    explanation:
      'A guaranteed rate (floor) needs a network with a bridge of its own and an inbound limit on that network, to share out. Host bridges, macvtap devices and virtual functions cannot guarantee one.',
    good: "<bandwidth><inbound average='1000'/></bandwidth> in the network",
    bad: "<inbound floor='200'/> in an interface of a network without <bandwidth>",
  },
  VNI206: {
    title: 'floors exceed the network',
    explanation:
      "The guaranteed rates of all guests together must not exceed the network's inbound peak, or its average where no peak is given.",
    bad: "two guests with floor='600' on a network with <inbound average='1000'/>",
    good: "two guests with floor='500' there",
  },
  VNI207: {
    title: 'VLAN does not fit the network',
    explanation: 'Only Open vSwitch, VLAN-filtering host bridges, virtual functions and passthrough macvtap carry a tag for one guest.',
    bad: "<vlan><tag id='42'/></vlan> in an interface of a NAT network",
    good: 'the same in an interface of an Open vSwitch network',
  },
};
