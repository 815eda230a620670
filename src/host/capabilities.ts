import type { Capabilities } from '../compile/facts.ts';
import { isInstalled, tryRun } from './command.ts';
import { MIDONET_TOOL } from './midonet.ts';
import { isOvsRunning } from './ovsdb.ts';

type Probed = Omit<Capabilities, 'openvswitch' | 'midonet'>;

let known: Promise<Probed> | undefined;

/**
 * What this kernel and these tools can do, found by trying in a network namespace that ends with the trial. Probed once a process, but
 * for Open vSwitch and MidoNet, which may come later and are looked for each time.
 */
export async function probeCapabilities(): Promise<Capabilities> {
  known ??= probe();
  const [probed, openvswitch] = await Promise.all([known, isOvsRunning()]);
  return { ...probed, openvswitch, midonet: isInstalled(MIDONET_TOOL) };
}

/** Each line is tried by itself; the ones that work are echoed. */
const TRIALS: readonly (readonly [keyof Probed, string])[] = [
  ['vlanFiltering', 'ip link add vnb type bridge vlan_filtering 1'],
  ['sfq', 'tc qdisc add dev lo root handle 9: sfq && tc qdisc del dev lo root'],
  ['fqCodel', 'tc qdisc add dev lo root handle 9: fq_codel && tc qdisc del dev lo root'],
  [
    'police',
    'tc qdisc add dev lo ingress && tc filter add dev lo parent ffff: protocol all u32 match u32 0 0 police rate 1mbit burst 10k drop',
  ],
  // A device has an ingress or a clsact.
  [
    'csum',
    '{ tc qdisc del dev lo ingress; tc qdisc add dev lo clsact; } && tc filter add dev lo egress protocol ip u32 match u32 0 0 action csum ip and udp',
  ],
];

async function probe(): Promise<Probed> {
  const script = TRIALS.map(([name, trial]) => `(${trial}) >/dev/null 2>&1 && echo ${name}`).join('\n');
  const [trials, bus] = await Promise.all([
    // No names from outside reach this shell text: it is a constant.
    tryRun(['unshare', '--net', '--', 'sh', '-c', `${script}\ntrue`]).then(
      (r) => r.stdout.split('\n'),
      (): string[] => [],
    ),
    tryRun(['busctl', '--no-pager', '--acquired', 'list'], { timeoutMs: 2000 }).then(
      (r) => (r.code === 0 ? r.stdout : ''),
      () => '',
    ),
  ]);
  return {
    vlanFiltering: trials.includes('vlanFiltering'),
    sfq: trials.includes('sfq'),
    fqCodel: trials.includes('fqCodel'),
    police: trials.includes('police'),
    csum: trials.includes('csum'),
    firewalld: /^org\.fedoraproject\.FirewallD1\s/m.test(bus),
    resolved: /^org\.freedesktop\.resolve1\s/m.test(bus),
  };
}
