import type { CodeEntry } from './codes.ts';

/** Codes of refused changes to one section of a network (`VNE`). */
export const updateCodes: Readonly<Record<string, CodeEntry>> = {
  VNE001: {
    title: 'section cannot be changed in place',
    explanation:
      'libvirt changes only hosts and ranges of DHCP, forward interfaces, portgroups and DNS records this way. Other sections need the whole document defined anew, or the extended update that virtnet has of its own.',
  },
  VNE002: { title: 'unknown section or command', explanation: 'The number or word of the section or the command is none that is known.' },
  VNE003: {
    title: 'wrong element for this section',
    explanation: 'The fragment must be one element, of the kind that the section holds.',
    bad: "section dns-txt with <srv service='x' protocol='tcp'/>",
    good: "section dns-txt with <txt name='a' value='b'/>",
  },
  VNE004: { title: 'there already', explanation: 'What is to be added (or something that it clashes with) is there already.' },
  VNE005: { title: 'not there', explanation: 'What is to be changed or deleted is not there.' },
  VNE006: { title: 'several match', explanation: 'The fragment fits more than one entry; say more about the one that is meant.' },
  VNE007: { title: 'no such ip element', explanation: 'The network has no <ip> element at that index (counted from 0), or none at all.' },
  VNE008: {
    title: 'DHCP on a second subnet',
    explanation: 'A network serves DHCP on one IPv4 and one IPv6 subnet; another <ip> of that family has it already.',
  },
  VNE009: { title: 'second default portgroup', explanation: 'Another portgroup is the default one; only one can be.' },
  VNE010: { title: 'command not possible here', explanation: 'Entries of this section can be added and deleted, but not modified.' },
  VNE011: {
    title: 'address family of another subnet',
    explanation: 'A host or range must be of the family of the <ip> it goes into; IPv6 entries nearly always need the parent index.',
  },
  VNE012: {
    title: 'no such copy of the definition',
    explanation: 'A change goes to the running network, to its stored definition or to both; the network has only one of them.',
  },
};
