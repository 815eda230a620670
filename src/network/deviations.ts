import type { Diagnostic } from '../base/diagnostic.ts';

/** A place where virtnet differs from libvirt on purpose. */
export interface Deviation {
  readonly id: string;
  /** What libvirt does. */
  readonly libvirt: string;
  /** What virtnet does instead. */
  readonly virtnet: string;
  readonly reason: string;
  /** The codes of the findings that stand for it: a warning where libvirt refuses, an error where it accepts. */
  readonly codes: readonly string[];
}

/** Every deviation of the format. docs/reference/compatibility.md is made from this list, and the conformance run counts by it. */
export const deviations: readonly Deviation[] = [
  {
    id: 'portgroup-bandwidth-macvtap',
    libvirt: 'refuses <bandwidth> in a portgroup of a private, vepa, passthrough or macvtap bridge network',
    virtnet: 'accepts it with a warning',
    reason: "the page that virtnet implements has it in its own example, and a guest's macvtap device can be shaped",
    codes: ['VNM059'],
  },
  {
    id: 'hostdev-address-not-a-vf',
    libvirt: 'refuses at definition a PCI address that is no SR-IOV virtual function of this host',
    virtnet: 'accepts it with a warning and asks the host at start; virtnetd refuses it to clients of libvirt',
    reason: 'a document is checked without a host; whether a card is present can change between definition and start',
    codes: ['VNM057'],
  },
  {
    id: 'negative-numbers-wrap',
    libvirt: 'reads an MTU of -1 as 4294967295, and fails at start',
    virtnet: 'refuses it',
    reason: 'a wrapped number is never what was meant',
    codes: ['VNM060'],
  },
  {
    id: 'host-names-that-break-the-files',
    libvirt:
      'passes blanks and commas in the names of DHCP and DNS hosts through into the files of dnsmasq, and writes quotes and ampersands in DHCP host names unescaped',
    virtnet: 'refuses them',
    reason: 'dnsmasq would read another line than was meant, and the written document would not be well-formed',
    codes: ['VNM061', 'VNM062', 'VNM064'],
  },
  {
    id: 'portgroup-names-unescaped',
    libvirt: 'writes the names of portgroups unescaped, so that a quote or ampersand in one breaks the document',
    virtnet: 'escapes them, with a warning',
    reason: 'what is written must be well-formed',
    codes: ['VNM073'],
  },
  {
    id: 'numbers-beyond-2-to-the-53',
    libvirt: 'holds rates, lease times and bridge delays of up to 64 bits (and writes the largest delay as -1)',
    virtnet: 'refuses numbers above 9007199254740992 that a JavaScript number does not hold exactly',
    reason: 'JSON and JavaScript cannot hold them exactly, and none of them can be carried out',
    codes: ['VNM063'],
  },
  {
    id: 'names-escaped',
    libvirt: 'writes the names of domains and the profileid of a virtualport as they are, quotes and ampersands included',
    virtnet: 'escapes them',
    reason: 'the written document would not be well-formed',
    codes: [],
  },
];

/** The deviation that a finding stands for. */
export function deviationOf(diagnostic: Diagnostic): Deviation | undefined {
  return deviations.find((d) => d.codes.includes(diagnostic.code));
}
