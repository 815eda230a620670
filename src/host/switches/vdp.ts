import { setTimeout as sleep } from 'node:timers/promises';
import type { AssociationResource, VsiSpec } from '../../compile/host-state.ts';
import { commandError, tryRun, type CommandResult } from '../tools/command.ts';

/** vdptool(8), which talks to lldpad. */
export const VDP_TOOL = 'vdptool';

type Vsi = Pick<AssociationResource, 'device'> & { readonly spec: VsiSpec };

/** lldpad is not there, or the device is not: then it holds no association either. */
const NOTHING_THERE = /Failed to connect to lldpad|Device not found|not supported on interface|No such VSI|not found/i;
const BUSY = /in progress/i;

/** An association that the switch has not answered yet cannot be ended; lldpad gives up on it after some 10 s. Milliseconds. */
const LONGEST_WAIT_MS = 20_000;
const PAUSE_MS = 250;

/** Has lldpad associate a virtual station with the switch. It answers at once; what the switch says is seen later, by `isAssociated`. */
export async function associateVsi(vsi: Vsi): Promise<void> {
  const result = await set(vsi, 'assoc');
  if (result.code !== 0) throw commandError(withWords(result));
}

/** Ends an association. */
export async function deassociateVsi(vsi: Vsi): Promise<void> {
  for (let waited = 0; ; waited += PAUSE_MS) {
    if (!(await isAssociated(vsi))) return;
    const result = await set(vsi, 'deassoc');
    const words = `${result.stdout}${result.stderr}`;
    if (result.code === 0 || NOTHING_THERE.test(words)) return;
    if (!BUSY.test(words) || waited >= LONGEST_WAIT_MS) throw commandError(withWords(result));
    await sleep(PAUSE_MS);
  }
}

/** True when lldpad holds the association, granted by the switch or asked for. */
export async function isAssociated({ device, spec }: Vsi): Promise<boolean> {
  const result = await tryRun([VDP_TOOL, '-t', '-i', device, '-V', 'assoc', '-c', `uuid=${spec.instanceid}`]);
  return result.code === 0 && result.stdout.toLowerCase().includes(`uuid = ${spec.instanceid}`);
}

function set({ device, spec }: Vsi, mode: 'assoc' | 'deassoc'): Promise<CommandResult> {
  return tryRun([VDP_TOOL, '-T', '-i', device, '-V', mode, ...vsiArguments(spec, mode)]);
}

/** vdptool(8), "VSI Parameter". It reads the digits of a manager's number as hexadecimal. */
function vsiArguments(spec: VsiSpec, mode: 'assoc' | 'deassoc'): readonly string[] {
  const values = [
    `mode=${mode}`,
    `mgrid2=${spec.managerid.toString(16).padStart(2, '0')}`,
    `typeid=${String(spec.typeid)}`,
    `typeidver=${String(spec.typeidversion)}`,
    `uuid=${spec.instanceid}`,
    'hints=none',
    `filter=${String(spec.vlan)}-${spec.mac}`,
  ];
  return values.flatMap((value) => ['-c', value]);
}

/** It says on stdout why it failed. */
function withWords(result: CommandResult): CommandResult {
  return { ...result, stderr: `${result.stderr}${result.stdout}` };
}
