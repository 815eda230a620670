import type { CodeEntry } from './codes.ts';

/** Codes of findings in network documents. Those of 001-009 are about the document as a whole, the others about its parts. */
export const networkCodes: Readonly<Record<string, CodeEntry>> = {
  VNM001: { title: 'wrong root element', explanation: 'The document is well-formed XML, but its root is not <network>. Case counts.' },
  VNM002: {
    title: 'unknown element',
    explanation:
      'The format has no such element at this place. libvirt ignores it silently; so the network works without what it was meant to say.',
  },
  VNM003: { title: 'unknown attribute', explanation: 'The element has no such attribute. libvirt ignores it silently.' },
  VNM004: { title: 'element given twice', explanation: 'The element may stand once here. The first counts, the others are ignored.' },
  VNM005: { title: 'stray text', explanation: 'Text stands between elements, where it has no meaning. It is left out.' },
  VNM006: { title: 'no name', explanation: 'A network needs a name of at least one character.' },
  VNM007: { title: 'malformed uuid', explanation: 'A uuid is 32 hex digits, with or without dashes.' },
  VNM008: {
    title: 'forbidden character in the name',
    explanation: "A network's name is also a file name, so it holds neither '/' nor a line break.",
  },
  VNM009: { title: 'title of several lines', explanation: 'A title is one line; the description may have many.' },
  VNM010: { title: 'attribute or content missing', explanation: 'The element means nothing without this attribute or content.' },
  VNM011: { title: 'not a number', explanation: 'The value is not a whole number of the range that is allowed here. Write digits only.' },
  VNM012: { title: 'value too large', explanation: 'The value is beyond what the format or the kernel can hold.' },
  VNM013: { title: 'not one of the words', explanation: 'The attribute takes one of a few words. Case counts.' },
  VNM014: {
    title: 'not an address',
    explanation: 'The value is no numeric IP address. Names are never looked up, and a prefix length has an attribute of its own.',
  },
  VNM015: {
    title: 'short or octal address',
    explanation:
      'The address is written in an old form: a short form fills the gap with zeros (1.2.3 is 1.2.0.3), a part with a leading 0 is octal. It is read as libvirt reads it.',
  },
  VNM016: { title: 'not a MAC address', explanation: 'A MAC address is six pairs of hex digits with colons between them.' },
  VNM017: {
    title: 'multicast MAC address',
    explanation: 'The lowest bit of the first byte marks a group address, which no single card or bridge can have.',
  },
  VNM018: { title: 'bad client id', explanation: 'The id of an IPv6 host is its DUID: hex digits and colons.' },
  VNM019: { title: 'bad host name', explanation: 'The name of a host starts with a letter or digit.' },
  VNM020: { title: 'range reversed', explanation: 'The end of the range is below its start.' },
  VNM021: { title: 'range outside the subnet', explanation: 'A DHCP range must lie in the subnet of its <ip>.' },
  VNM022: { title: 'address families mixed', explanation: 'IPv4 and IPv6 stand where one family is needed.' },
  VNM023: { title: 'range too large', explanation: 'A range holds at most 65536 addresses.' },
  VNM024: {
    title: 'range starts at the network address',
    explanation: 'The first address of an IPv4 subnet names the subnet; no host can have it.',
  },
  VNM025: {
    title: 'range ends at the broadcast address',
    explanation: 'The last address of an IPv4 subnet reaches all hosts; none can have it.',
  },
  VNM026: {
    title: 'netmask with holes',
    explanation: 'A netmask is a row of one bits and then zero bits. Anything else is no subnet, and the network does not start.',
  },
  VNM027: { title: 'lease too short', explanation: 'A lease lasts at least two minutes, or for ever (0).' },
  VNM028: { title: 'host without a mark', explanation: 'A fixed host is known by its mac or name (IPv4), or by its id or name (IPv6).' },
  VNM029: { title: 'MAC address for an IPv6 host', explanation: 'DHCPv6 knows clients by DUID or name, not by MAC address.' },
  VNM030: { title: 'netmask and prefix', explanation: 'An address has one length: a netmask (IPv4 only) or a prefix.' },
  VNM031: { title: 'TFTP over IPv6', explanation: 'TFTP is served on IPv4 addresses only.' },
  VNM032: {
    title: 'route to a host address',
    explanation: "A route's destination has no bits set behind its prefix. Without a prefix only 0.0.0.0 and :: pass.",
  },
  VNM033: {
    title: 'register without localOnly',
    explanation: 'Registering the domain with systemd-resolved sends its queries here, so it must not be forwarded on.',
  },
  VNM034: { title: 'records in a network without DNS', explanation: "dns enable='no' takes no forwarders and records." },
  VNM035: {
    title: 'forbidden character in a DNS record',
    explanation: 'dnsmasq separates the parts of a record by commas and blanks, so names cannot hold them.',
  },
  VNM036: { title: 'unusual protocol', explanation: 'Clients ask for SRV records of tcp and udp.' },
  VNM037: { title: 'number without target', explanation: 'Port, priority and weight of an SRV record belong to its target.' },
  VNM038: { title: 'only one allowed', explanation: 'libvirt refuses a second element of this kind at this place.' },
  VNM039: { title: 'devices contradict each other', explanation: 'The places that name the devices of the network do not fit together.' },
  VNM040: { title: 'floor in the wrong place', explanation: "A guaranteed rate is a guest's: it stands in the inbound of an <interface>." },
  VNM041: { title: 'classID in the wrong place', explanation: 'A traffic class is shown in port documents; nowhere else.' },
  VNM042: { title: 'rate without average', explanation: 'A direction of <bandwidth> needs an average (or, for a guest, a floor).' },
  VNM043: { title: 'limit without effect', explanation: 'The numbers given set no limit, or one that can never be reached.' },
  VNM044: { title: 'vlan without tag', explanation: '<vlan> holds at least one <tag>.' },
  VNM045: { title: 'two native VLANs', explanation: 'One tag of a trunk at most is native.' },
  VNM046: { title: 'several tags, no trunk', explanation: "Several tags make a trunk; trunk='no' contradicts them." },
  VNM047: { title: 'parameter of another virtualport type', explanation: 'Each type of virtualport has its own parameters.' },
  VNM048: { title: 'no address to forward', explanation: 'A nat or route network needs at least one <ip>.' },
  VNM049: { title: 'device listed twice', explanation: 'A pool holds each device once.' },
  VNM050: {
    title: 'no meaning in this mode',
    explanation: 'The forward mode decides which parts a network may have; the table in docs/reference says which.',
  },
  VNM051: {
    title: 'several forward devices',
    explanation: 'nat and route networks forward through one device, or through whichever the routes of the host choose.',
  },
  VNM052: { title: 'two DHCP subnets of a family', explanation: 'One IPv4 and one IPv6 subnet of a network can have DHCP.' },
  VNM053: { title: 'gateway out of reach', explanation: "A static route's gateway must be on a subnet of the network itself." },
  VNM054: { title: 'metadata left out', explanation: '<metadata> keeps one element of each namespace, and none without a namespace.' },
  VNM055: { title: 'the kernel will refuse it', explanation: 'libvirt accepts the value, and the start fails.' },
  VNM056: { title: 'lease without expiry', explanation: 'Without expiry a <lease> says nothing.' },
  VNM057: {
    title: 'virtual function not checked',
    explanation: 'libvirt asks the host at definition whether the PCI address is a virtual function; virtnet asks at start.',
  },
  VNM058: { title: 'portgroups clash', explanation: 'Portgroups have different names, and one at most is the default.' },
  VNM059: {
    title: 'portgroup shaping that libvirt refuses',
    explanation: 'virtnet shapes the guests of macvtap portgroups; libvirt refuses the document.',
  },
  VNM061: {
    title: 'host name with a forbidden character',
    explanation: 'The name of a DHCP host holds white space, a comma, a quote or an ampersand, which the files of dnsmasq cannot carry.',
  },
  VNM062: {
    title: 'DNS name with a forbidden character',
    explanation: 'The name of a DNS host holds white space or a comma, which the files of dnsmasq cannot carry.',
  },
  VNM063: {
    title: 'number too large to hold',
    explanation: 'The number is beyond 9007199254740992 and not one that JSON and JavaScript hold exactly.',
  },
  VNM064: {
    title: 'line break in a value for dnsmasq',
    explanation: 'The value goes into a line of a file of dnsmasq; a line break or control character would start another line.',
  },
  VNM060: { title: 'negative number', explanation: 'libvirt wraps some negative numbers into huge ones; virtnet refuses them.' },
  VNM065: {
    title: 'address given twice',
    explanation: 'Two <ip> elements have the same address. The kernel refuses the second, and the network does not start.',
  },
  VNM066: { title: 'subnets overlap', explanation: 'Two subnets of the network share addresses; traffic to them goes one way only.' },
  VNM067: {
    title: 'no address for a gateway',
    explanation: 'The network, broadcast, loopback or multicast address of a subnet cannot be the gateway of guests.',
  },
  VNM068: {
    title: 'no reverse zone for this prefix',
    explanation: 'Reverse zones end at octets (IPv4) or nibbles (IPv6), so localPtr needs a prefix that 8 or 4 divides.',
  },
  VNM069: { title: 'ranges overlap', explanation: 'Two DHCP ranges share addresses.' },
  VNM070: {
    title: 'fixed host that is never served',
    explanation: 'dnsmasq gives out addresses of the subnet only, and never the one of the bridge.',
  },
  VNM071: { title: 'two hosts alike', explanation: 'Two fixed hosts share an address, a MAC address or a name; only one of them gets it.' },
  VNM072: {
    title: 'not a DNS name',
    explanation: 'A DNS name is made of labels of at most 63 letters, digits and dashes with dots between.',
  },
  VNM073: {
    title: 'portgroup name that libvirt does not escape',
    explanation: 'libvirt writes the name of a portgroup as it is; with a quote or ampersand in it, its document cannot be read again.',
  },
};
