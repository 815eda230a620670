import type { CodeEntry } from './code-entry.ts';

/** Codes of the driver beyond those that stand in `codes-host.ts`: what the state of the networks refuses. */
export const driverCodes: Readonly<Record<string, CodeEntry>> = {
  VND009: {
    title: 'change not stored',
    explanation:
      'The disk refused the change (full, read-only, no permission). The definitions are as they were and the host was not touched.',
  },
  VND010: {
    title: 'network is transient',
    explanation: 'A transient network has no stored definition, so it cannot be undefined, autostarted or changed in its stored form.',
  },
  VND011: { title: 'port exists', explanation: 'The network has a port with that uuid already.' },
  VND012: { title: 'no such metadata', explanation: 'The network has no title, description or metadata element of that kind.' },
  VND013: {
    title: "guest's namespace is gone",
    explanation:
      'A port plugs a network namespace that is gone. The port is kept, without its link; detach it when the guest is gone for good.',
  },
  VND014: {
    title: "guest's device is gone",
    explanation:
      'Somebody removed the device that a port plugs. The port is kept: `virtnet repair` makes the device anew, `virtnet reap` unplugs guests whose device or namespace is gone.',
  },
  VND015: {
    title: 'bridge name in use',
    explanation: 'Another network has that bridge name. Two networks that make their own bridge cannot share one.',
  },
  VND016: { title: 'argument refused', explanation: 'An argument of the call is missing, or excludes another one.' },
  VND017: {
    title: "guest's link cannot be bounced",
    explanation:
      "The change gives the network other addresses, and the guest's end of its link does not follow the host's: a tap is up for the machine behind it as long as its hypervisor says so. The guest learns of its new address when it renews its lease, or when its hypervisor takes the link down and up.",
  },
};
