import type { CodeEntry } from './code-entry.ts';

/** Codes of refused changes to one section of a network (`VNE`). */
export const updateCodes: Readonly<Record<string, CodeEntry>> = {
  VNE001: {
    title: 'section cannot be changed in place',
    explanation:
      'libvirt changes only hosts and ranges of DHCP, forward interfaces, portgroups and DNS records this way. Other sections need the whole document defined anew, or the extended update that virtnet has of its own.',
    bad: `virsh net-update default modify bridge "<bridge name='virbr9'/>"`,
    good: 'virtnet up FILE with the whole document, edited',
  },
  VNE002: {
    title: 'unknown section or command',
    explanation: 'The number or word of the section or the command is none that is known.',
    bad: 'virsh net-update default add-last dns-cname ...',
    good: 'virsh net-update default add-last dns-host ...',
  },
  VNE003: {
    title: 'wrong element for this section',
    explanation: 'The fragment must be one element, of the kind that the section holds.',
    bad: "section dns-txt with <srv service='x' protocol='tcp'/>",
    good: "section dns-txt with <txt name='a' value='b'/>",
  },
  VNE004: {
    title: 'there already',
    explanation: 'What is to be added (or something that it clashes with) is there already.',
    bad: 'add-last ip-dhcp-host with the MAC of a host that is there',
    good: 'modify ip-dhcp-host for that MAC',
  },
  VNE005: {
    title: 'not there',
    explanation: 'What is to be changed or deleted is not there.',
    bad: `delete dns-txt "<txt name='nosuch'/>"`,
    good: 'delete dns-txt with the name of a record that `virtnet dumpxml` shows',
  },
  VNE006: {
    title: 'several match',
    explanation: 'The fragment fits more than one entry; say more about the one that is meant.',
    bad: `delete dns-srv "<srv service='ldap' protocol='tcp'/>" where two targets serve it`,
    good: `delete dns-srv "<srv service='ldap' protocol='tcp' target='a.example'/>"`,
  },
  VNE007: {
    title: 'no such ip element',
    explanation: 'The network has no <ip> element at that index (counted from 0), or none at all.',
    bad: '--parent-index 3 on a network with two <ip> elements',
    good: '--parent-index 1 there',
  },
  VNE008: {
    title: 'DHCP on a second subnet',
    explanation: 'A network serves DHCP on one IPv4 and one IPv6 subnet; another <ip> of that family has it already.',
    bad: 'add-last ip-dhcp-range with --parent-index of a second IPv4 <ip>',
    good: 'the range in the <ip> that has <dhcp>',
  },
  VNE009: {
    title: 'second default portgroup',
    explanation: 'Another portgroup is the default one; only one can be.',
    bad: `add-last portgroup "<portgroup name='b' default='yes'/>" beside a default one`,
    good: "modify portgroup a without default='yes' first",
  },
  VNE010: {
    title: 'command not possible here',
    explanation: 'Entries of this section can be added and deleted, but not modified.',
    bad: 'modify ip-dhcp-range ...',
    good: 'delete ip-dhcp-range for the old one, then add-last for the new one',
  },
  VNE011: {
    title: 'address family of another subnet',
    explanation: 'A host or range must be of the family of the <ip> it goes into; IPv6 entries nearly always need the parent index.',
    bad: `add-last ip-dhcp-host "<host name='x' ip='2001:db8::5'/>" without a parent index`,
    good: 'the same with --parent-index of the IPv6 <ip>',
  },
  VNE012: {
    title: 'no such copy of the definition',
    explanation: 'A change goes to the running network, to its stored definition or to both; the network has only one of them.',
    bad: '--live on a network that is not running',
    good: '--config there',
  },
};
