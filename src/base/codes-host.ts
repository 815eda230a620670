import type { CodeEntry } from './code-entry.ts';

/** Codes of what a host refuses: `VNC` (compile), `VNP` (plan and apply), `VNH` (host commands), `VND` (driver), `VNR` (RPC), `VNU` (usage). */
export const hostCodes: Readonly<Record<string, CodeEntry>> = {
  VNC001: {
    title: 'subnet in use on this host',
    explanation: 'Another interface or route of the host already has this subnet. Two owners of one cut each other off.',
  },
  VNC002: {
    title: 'subnet overlaps a route of this host',
    explanation: 'It overlaps a route of the host. The network starts; some addresses will be out of reach.',
  },
  VNC003: {
    title: 'bridge name taken',
    explanation: 'A link of that name exists and virtnet did not make it. It never touches such a link.',
  },
  VNC004: { title: 'device missing', explanation: 'The document names a device that this host does not have.' },
  VNC005: {
    title: 'not possible on this host',
    explanation: 'The kernel or the tools of this host lack what this part of the document needs.',
  },
  VNC006: {
    title: 'part skipped on this host',
    explanation: 'A helper service is absent, so this part has no effect here; the rest works.',
  },
  VNC007: {
    title: 'not a device name',
    explanation:
      'The kernel takes no device of this name (1 to 15 bytes, no blank, "/", ":" or "%", not "all", "default", "." or ".."), or dnsmasq and nftables cannot write it (quotation mark, backslash, "*", ",", "#").',
    bad: "<bridge name='my bridge'/>",
    good: "<bridge name='mybridge'/>",
  },
  VNC008: {
    title: 'value cannot be written for dnsmasq',
    explanation:
      "dnsmasq's files are lines of text: a line break, another control character, a separator inside a name or a line over 1,000 bytes would change their meaning.",
    bad: "<txt name='note' value='two&#10;lines'/>",
    good: "<txt name='note' value='two lines'/>",
  },
  VNC009: {
    title: 'address cannot be set',
    explanation: 'The netmask has holes, or the same address is given twice.',
    bad: "<ip address='10.0.0.1' netmask='255.0.255.0'/>",
    good: "<ip address='10.0.0.1' netmask='255.255.255.0'/>",
  },
  VNC010: {
    title: 'no virtual functions',
    explanation: "The pool's physical function has none on this host.",
  },
  VNC011: {
    title: 'no automatic reverse zone',
    explanation:
      'Zones of reverse DNS end at whole octets (IPv4) or hex digits (IPv6), so with localPtr the prefix must be a multiple of 8 or 4.',
    bad: "<ip address='10.0.0.1' prefix='27' localPtr='yes'/>",
    good: "<ip address='10.0.0.1' prefix='24' localPtr='yes'/>",
  },
  VNC012: {
    title: 'bridge setting out of range',
    explanation: 'The kernel refuses this value for a bridge: an MTU must be 68 to 65535 bytes, a MAC address must not be all zero.',
  },
  VNC013: {
    title: "somebody else's firewall drops guests' packets",
    explanation:
      'A base chain of another table (Docker, ufw, firewalld, your own) drops what guests send through this host or ask it for. virtnet cannot undo that; the hint has the command that does.',
  },
  VNC014: {
    title: 'dnsmasq cannot reach its files',
    explanation:
      'dnsmasq reads fixed hosts, names and upstream servers from the run folder without privileges: it serves on without them where a folder is closed to it. Without its TFTP root it does not start.',
  },
  VNC015: { title: 'forwarded port taken', explanation: 'Another network forwards it already, or a program of the host listens on it.' },
  VNC016: {
    title: 'IPv6 routes of this host would go',
    explanation: 'The kernel drops them when it begins to forward IPv6.',
  },
  VNF001: { title: 'wrong port forward', explanation: 'A <forward> in <metadata> that cannot be.' },
  VNP001: {
    title: 'step failed',
    explanation: 'What was done before it has been undone; the error names the step.',
  },
  VNP002: {
    title: 'step failed and undo incomplete',
    explanation: 'A step failed and so did a part of the undo. `virtnet repair` tries again.',
  },
  VNH001: { title: 'command failed', explanation: 'A host command gave an error; its own words are shown.' },
  VNH002: { title: 'tool missing', explanation: 'A program that virtnet needs is not installed; the hint names its package.' },
  VNH003: { title: 'no permission', explanation: 'Changing the network needs root (CAP_NET_ADMIN). `virtnet sandbox` works without.' },
  VNH004: { title: 'lock held', explanation: 'Another virtnet is changing this host. The error says which process.' },
  VNH005: { title: 'dnsmasq did not start', explanation: 'dnsmasq refused its configuration; its own words are shown.' },
  VNH006: { title: 'hook refused', explanation: "A hook script failed; a start is then refused. The script's own words are shown." },
  VND001: { title: 'network not found', explanation: 'No network of that name or uuid is defined or running.' },
  VND002: { title: 'network exists', explanation: 'A network of that name or uuid exists already.' },
  VND003: { title: 'wrong state', explanation: 'The network is running (or not running), and the request needs the opposite.' },
  VND004: { title: 'port not found', explanation: 'The network has no such port.' },
  VND005: { title: 'definition unreadable', explanation: 'A stored definition cannot be read. It is left alone; the other networks load.' },
  VND006: { title: 'pool exhausted', explanation: 'Every device of the network is in use and cannot be shared.' },
  VND007: { title: 'daemon does not answer', explanation: 'virtnetd has a socket here, and no good answer came over it.' },
  VND008: { title: 'fault in virtnet', explanation: 'virtnet did not foresee it. Please report it with the message.' },
  VNR001: {
    title: 'socket taken',
    explanation: 'The place of a socket of the daemon is taken: by another daemon that answers there, or by a file that is no socket.',
  },
  VNR002: {
    title: 'no place for a socket',
    explanation: "The folder of a socket of the daemon, or the socket in it, cannot be made; the system's own words are shown.",
  },
  VNU001: { title: 'usage', explanation: 'The command line is not as expected; `--help` shows an example.' },
};
