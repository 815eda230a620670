import { existsSync, readdirSync } from 'node:fs';
import { resourceKey, type VfResource } from '../../compile/host-state.ts';
import { VirtnetError } from '../../base/errors.ts';
import { toolError } from '../tools/command.ts';
import { eachStep, type DirectHandler, type HostTools } from '../handler.ts';
import type { IpArgs } from '../iproute/ip-line.ts';
import { isUp } from '../links/link-flags.ts';
import { concerned, forget, recall, remember } from '../memo.ts';
import { readText } from '../system/small-files.ts';

/** A virtual function as `ip -json -details link show` prints it below its physical one. */
interface VfRow {
  readonly vf: number;
  readonly address?: string;
  readonly vlan_list?: readonly { readonly vlan?: number }[];
  readonly spoofchk?: boolean;
  readonly trust?: boolean;
}

interface PfRow {
  readonly vfinfo_list?: readonly VfRow[];
}

/** The settings that virtnet changes; all of them are there, as the card gives them. */
interface VfSettings {
  readonly mac: string;
  /** The address of the function's own device, where a driver gave it one. */
  readonly own?: string;
  readonly vlan: number;
  readonly spoofCheck?: boolean;
  readonly trust?: boolean;
}

const NO_MAC = '00:00:00:00:00:00';

/** Settings of virtual functions through their physical function. They go back to what they were when a guest leaves. */
export const sriovVfs: DirectHandler<'vf'> = {
  async observe(look, tools) {
    const found: VfResource[] = [];
    for (const r of concerned('vf', look, tools)) {
      const memo = recall<'vf'>(resourceKey(r), tools);
      if (!memo) continue; // nobody has touched it yet
      const { owner, pf, index } = memo.resource;
      const current = await readVf(tools, pf, index);
      const wanted = look.request.desired.get(resourceKey(r));
      const changes = current && shown(asAdopted(current), memo.before as VfSettings, wanted?.kind === 'vf' ? wanted : undefined);
      found.push({ kind: 'vf', owner, pf, index, ...changes });
    }
    return found;
  },

  execute(steps, tools) {
    return eachStep(steps, async (step) => {
      if (step.after) await apply(tools, step.after);
      else if (step.before) await giveBack(tools, step.before);
    });
  },
};

/** A device that keeps another address than the card gave it carries nothing: the card drops what it sends. */
function asAdopted(current: VfSettings): VfSettings {
  return current.own === undefined || current.mac === NO_MAC ? current : { ...current, mac: current.own };
}

/** What differs from the original condition or is asked for; the rest was never virtnet's business. */
function shown(current: VfSettings, original: VfSettings, desired: VfResource | undefined): Partial<VfResource> {
  const out: Record<string, unknown> = {};
  for (const key of ['mac', 'vlan', 'trust', 'spoofCheck'] as const) {
    const value = current[key];
    if (value === undefined || (desired?.[key] === undefined && value === original[key])) continue;
    out[key] = value;
  }
  return out;
}

async function apply(tools: HostTools, vf: VfResource): Promise<void> {
  const current = await readVf(tools, vf.pf, vf.index);
  if (!current) {
    throw new VirtnetError({
      code: 'VNH001',
      message: `'${vf.pf}' has no virtual function ${String(vf.index)}`,
      hint: `look with: ip link show ${vf.pf}`,
    });
  }
  const original = (recall<'vf'>(resourceKey(vf), tools)?.before as VfSettings | undefined) ?? current;
  const { kind, owner, pf, index } = vf; // what is set on it the card says
  remember({ resource: { kind, owner, pf, index }, before: original }, tools);
  await set(tools, vf, { ...original, ...settingsOf(vf) }, current);
  if (vf.mac !== undefined) await adopt(tools, vf, vf.mac);
}

/**
 * The function's own device is reset, where it has one: drivers such as igbvf take the address that the card was given for them only
 * then, and refuse to be set to it before. libvirt binds the driver anew, which would take a guest's macvtap away.
 */
async function adopt(tools: HostTools, vf: VfResource, mac: string): Promise<void> {
  const dev = ownDevice(tools, vf);
  if (dev === undefined || mac === NO_MAC || addressOf(tools, dev) === mac) return;
  // It is reset when it goes down. A device that cannot be raised now tells so when it has to be.
  for (const state of isUp(dev, tools) ? ['down', 'up'] : ['up', 'down']) await tools.ip.batch([['link', 'set', 'dev', dev, state]]);
}

/** Gives the own device its address again, where the card leaves that to it. */
async function disown(tools: HostTools, vf: VfResource, original: VfSettings): Promise<void> {
  if (original.mac !== NO_MAC) return adopt(tools, vf, original.mac);
  const dev = ownDevice(tools, vf);
  if (dev === undefined || original.own === undefined || addressOf(tools, dev) === original.own) return;
  await tools.ip.batch([['link', 'set', 'dev', dev, 'address', original.own]]);
  // The card is told of that address. It knew of none when the device was down; one that is up needs it to.
  const current = isUp(dev, tools) ? undefined : await readVf(tools, vf.pf, vf.index);
  if (current) await set(tools, vf, original, current);
}

function ownDevice(tools: HostTools, { pf, index }: Pick<VfResource, 'pf' | 'index'>): string | undefined {
  const folder = `${tools.sysfs}/class/net/${pf}/device/virtfn${String(index)}/net`;
  return existsSync(folder) ? readdirSync(folder)[0] : undefined;
}

function addressOf(tools: HostTools, dev: string): string | undefined {
  return readText(`${tools.sysfs}/class/net/${dev}/address`)?.trim();
}

function settingsOf({ mac, vlan, trust, spoofCheck }: VfResource): Partial<VfSettings> {
  return {
    ...(mac !== undefined && { mac }),
    ...(vlan !== undefined && { vlan }),
    ...(trust !== undefined && { trust }),
    ...(spoofCheck !== undefined && { spoofCheck }),
  };
}

/** Puts the original settings back; a card that is gone has nothing to be put back to. */
async function giveBack(tools: HostTools, vf: VfResource): Promise<void> {
  const original = recall<'vf'>(resourceKey(vf), tools)?.before as VfSettings | undefined;
  const current = await readVf(tools, vf.pf, vf.index);
  if (original && current) {
    await set(tools, vf, original, current);
    await disown(tools, vf, original);
  }
  forget(resourceKey(vf), tools);
}

/** Sets what differs, one setting a line: a card may lack one, and then only that one is the failure. */
async function set(tools: HostTools, { pf, index }: VfResource, wanted: VfSettings, current: VfSettings): Promise<void> {
  const line = (...words: string[]): IpArgs => ['link', 'set', 'dev', pf, 'vf', String(index), ...words];
  const onOff = (value: boolean): string => (value ? 'on' : 'off');
  const lines = [
    ...(wanted.mac === current.mac ? [] : [line('mac', wanted.mac)]),
    ...(wanted.vlan === current.vlan ? [] : [line('vlan', String(wanted.vlan))]),
    ...(wanted.trust === undefined || wanted.trust === current.trust ? [] : [line('trust', onOff(wanted.trust))]),
    ...(wanted.spoofCheck === undefined || wanted.spoofCheck === current.spoofCheck ? [] : [line('spoofchk', onOff(wanted.spoofCheck))]),
  ];
  for (const args of lines) {
    const [result] = await tools.ip.batch([args]);
    if (!result || result.ok) continue;
    // Some drivers refuse to take an assigned address away again; the function keeps it then, as it does under libvirt.
    if (args.includes(NO_MAC) && /Cannot assign requested address|Invalid argument/.test(result.stderr)) continue;
    throw toolError('ip', result.stderr, { argv: ['ip', ...args] });
  }
}

async function readVf(tools: HostTools, pf: string, index: number): Promise<VfSettings | undefined> {
  const [row] = (await tools.ip.query<PfRow>(['link', 'show', 'dev', pf])) ?? [];
  const vf = row?.vfinfo_list?.find((v) => v.vf === index);
  if (!vf) return undefined;
  const dev = ownDevice(tools, { pf, index });
  const own = dev === undefined ? undefined : addressOf(tools, dev);
  return {
    mac: vf.address ?? NO_MAC,
    ...(own !== undefined && { own }),
    vlan: vf.vlan_list?.[0]?.vlan ?? 0,
    ...(vf.spoofchk !== undefined && { spoofCheck: vf.spoofchk }),
    ...(vf.trust !== undefined && { trust: vf.trust }),
  };
}
