import type { CodeEntry } from './code-entry.ts';

/** Codes of the driver beyond those that stand in `codes-host.ts`: what the state of the networks refuses. */
export const driverCodes: Readonly<Record<string, CodeEntry>> = {
  VND009: {
    title: 'change not stored',
    explanation: 'The disk refused the change (full, read-only, no permission). Definitions and host are as before.',
  },
  VND010: {
    title: 'network is transient',
    explanation: 'A transient network has no stored definition to undefine, autostart or change.',
  },
  VND011: { title: 'port exists', explanation: 'The network has a port with that uuid.' },
  VND012: { title: 'no such metadata', explanation: 'The network has no title, description or metadata element of that kind.' },
  VND013: {
    title: "guest's namespace is gone",
    explanation: 'A port plugs a network namespace that is gone. The port is kept, without its link; detach it if the guest is gone.',
  },
  VND014: {
    title: "guest's device is gone",
    explanation:
      'Somebody removed the device that a port plugs. `virtnet repair` makes it anew, `virtnet reap` unplugs guests whose device or namespace is gone.',
  },
  VND015: {
    title: 'bridge name in use',
    explanation: 'Two networks that make their own bridge cannot share one.',
  },
  VND016: { title: 'argument refused', explanation: 'An argument is missing, or excludes another.' },
  VND017: {
    title: "guest's link cannot be bounced",
    explanation:
      'The network gets other addresses, and a tap stays up as long as its hypervisor says so. The guest learns its address when it renews its lease, or its hypervisor takes the link down and up.',
  },
  VND018: {
    title: 'change not on the disk',
    explanation:
      'The disk refused a change after it was stored: it holds until the machine stops. Or the machine stopped before the disk had it: the definition is as before.',
  },
  VND019: { title: 'changed meanwhile', explanation: 'Another change of the network came first. Nothing was overwritten.' },
  VND020: { title: 'daemon is older', explanation: 'The virtnetd that runs was started before virtnet was upgraded, and lacks this call.' },
};
