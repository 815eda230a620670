import { resourceKey } from '../compile/host-state.ts';
import type { VfResource } from '../compile/host-state.ts';
import { toolError } from './command.ts';
import { eachStep } from './handler.ts';
import type { DirectHandler, HostTools } from './handler.ts';
import type { IpArgs } from './ip-line.ts';
import { concerned, forget, recall, remember } from './memo.ts';

interface VfRow {
  readonly vf: number;
  readonly address?: string;
  readonly mac?: string;
  readonly vlan_list?: readonly { readonly vlan?: number }[];
  readonly spoofchk?: boolean;
  readonly trust?: boolean;
}

/** Settings of virtual functions, made through their physical function; when a guest leaves, they go back to what they were. */
export const vfs: DirectHandler<'vf'> = {
  async observe(look, tools) {
    const found = await Promise.all(
      (await concerned('vf', look, tools)).map(async (r): Promise<VfResource[]> => {
        const now = await readVf(r.pf, r.index, tools);
        if (!now) return [];
        // Only what is asked for is compared; the rest is the card's own.
        return [
          {
            kind: 'vf',
            owner: r.owner,
            pf: r.pf,
            index: r.index,
            ...(r.mac === undefined || now.mac === undefined ? {} : { mac: now.mac }),
            ...(r.vlan === undefined ? {} : { vlan: now.vlan }),
            ...(r.trust === undefined || now.trust === undefined ? {} : { trust: now.trust }),
            ...(r.spoofCheck === undefined || now.spoofCheck === undefined ? {} : { spoofCheck: now.spoofCheck }),
          },
        ];
      }),
    );
    return found.flat();
  },

  execute(steps, tools) {
    return eachStep(steps, async ({ op, before, after, key }) => {
      const memo = await recall<'vf'>(key, tools);
      if (op === 'delete' || !after) {
        const original = memo?.before as Settings | undefined;
        if (before && original) await set(before.pf, before.index, original, tools);
        await forget(key, tools);
        return;
      }
      const original = memo?.before ?? (await readVf(after.pf, after.index, tools));
      await remember({ resource: after, before: original }, tools);
      await set(after.pf, after.index, after, tools);
    });
  },
};

interface Settings {
  readonly mac?: string | undefined;
  readonly vlan?: number | undefined;
  readonly trust?: boolean | undefined;
  readonly spoofCheck?: boolean | undefined;
}

async function readVf(pf: string, index: number, tools: HostTools): Promise<(Settings & { readonly vlan: number }) | undefined> {
  const rows = await tools.ip.query<{ readonly vfinfo_list?: readonly VfRow[] }>(['address', 'show', 'dev', pf]);
  const vf = rows?.[0]?.vfinfo_list?.find((v) => v.vf === index);
  if (!vf) return undefined;
  return { mac: vf.address ?? vf.mac, vlan: vf.vlan_list?.[0]?.vlan ?? 0, trust: vf.trust, spoofCheck: vf.spoofchk };
}

async function set(pf: string, index: number, s: Settings, tools: HostTools): Promise<void> {
  const args = vfArgs(pf, index, s);
  const [result] = await tools.ip.batch([args]);
  if (result?.ok === false)
    throw toolError('ip', result.stderr, { argv: ['ip', ...args], key: resourceKey({ kind: 'vf', pf, index, owner: { network: '' } }) });
}

/** The arguments of ip(8) for a function's settings. */
export function vfArgs(pf: string, index: number, s: Settings): IpArgs {
  const onOff = (value: boolean): string => (value ? 'on' : 'off');
  return [
    ...['link', 'set', 'dev', pf, 'vf', String(index)],
    ...(s.mac === undefined ? [] : ['mac', s.mac]),
    ...(s.vlan === undefined ? [] : ['vlan', String(s.vlan)]),
    ...(s.spoofCheck === undefined ? [] : ['spoofchk', onOff(s.spoofCheck)]),
    ...(s.trust === undefined ? [] : ['trust', onOff(s.trust)]),
  ];
}
