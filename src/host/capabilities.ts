import type { Capabilities, FirewalldFact } from '../compile/facts.ts';
import { busCall } from './tools/bus.ts';
import { isInstalled, tryRun } from './tools/command.ts';
import { firewalldObject } from './firewall/firewalld.ts';
import { MIDONET_TOOL } from './switches/midonet.ts';
import { isOvsRunning } from './switches/ovsdb.ts';
import { VDP_TOOL } from './switches/vdp.ts';

type Services = Pick<Capabilities, 'firewalld' | 'resolved'>;
type Probed = Omit<Capabilities, 'openvswitch' | 'midonet' | 'vdp' | keyof Services>;

let known: Promise<Probed> | undefined;
let services: Promise<Services> | undefined;

/**
 * What this kernel and these tools can do, found by trying in a network namespace that ends with the trial. Probed once a process, when the
 * trial comes to its end; the services of the system bus once until `forgetServices`. Open vSwitch and MidoNet may come at any time and are looked for each time.
 */
export async function probeCapabilities(): Promise<Capabilities> {
  known ??= probe();
  services ??= probeServices();
  const [probed, bus, openvswitch] = await Promise.all([known, services, isOvsRunning()]);
  return { ...probed, ...bus, openvswitch, midonet: isInstalled(MIDONET_TOOL), vdp: isInstalled(VDP_TOOL) };
}

/** firewalld was started, ended or read its configuration anew: the services are looked at again when they matter. */
export function forgetServices(): void {
  services = undefined;
}

/** Each is tried by itself; the ones that work are echoed. One tc(8) does all that its trial needs, and ends at the first line that fails. */
const TRIALS: readonly (readonly [keyof Probed, string])[] = [
  ['vlanFiltering', 'ip link add vnb type bridge vlan_filtering 1'],
  [
    'csum',
    `printf '%s\\n' 'qdisc add dev lo clsact' 'filter add dev lo egress protocol ip u32 match u32 0 0 action csum ip and udp' | tc -batch -`,
  ],
];

/** What is echoed last. */
const TRIED = 'tried';

async function probe(): Promise<Probed> {
  const script = TRIALS.map(([name, trial]) => `{ ${trial}; } >/dev/null 2>&1 && echo ${name};`).join(' ');
  // No names from outside reach this shell text: it is a constant.
  const trials = await tryRun(['unshare', '--net', '--', 'sh', '-c', `${script} echo ${TRIED}`]).then(
    (r) => r.stdout.split('\n'),
    (): string[] => [],
  );
  if (!trials.includes(TRIED)) known = undefined; // no process could be started, say: that says nothing of the kernel
  return {
    vlanFiltering: trials.includes('vlanFiltering'),
    csum: trials.includes('csum'),
  };
}

async function probeServices(): Promise<Services> {
  const bus = await tryRun(['busctl', '--no-pager', '--acquired', 'list'], { timeoutMs: 2000 }).then(
    (r) => (r.code === 0 ? r.stdout : ''),
    () => '',
  );
  const firewalld = /^org\.fedoraproject\.FirewallD1\s/m.test(bus) ? await askFirewalld() : undefined;
  return { firewalld, resolved: /^org\.freedesktop\.resolve1\s/m.test(bus) };
}

/** One that does not answer now (it is busy starting, or ends) counts as running without zones, and is asked again next time. */
async function askFirewalld(): Promise<FirewalldFact> {
  const names = async (part: 'zone' | 'policy', method: string): Promise<readonly string[]> => {
    const [list] = (await busCall(firewalldObject(part), method, [], /Unknown(Method|Interface|Object)/)) ?? [];
    return Array.isArray(list) ? list.filter((name) => typeof name === 'string') : [];
  };
  try {
    const [zones, policies] = await Promise.all([names('zone', 'getZones'), names('policy', 'getPolicies')]);
    return { zones, policies };
  } catch {
    forgetServices();
    return { zones: [], policies: [] };
  }
}
