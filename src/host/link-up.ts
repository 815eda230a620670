import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import type { IpCommand, IpHandler, StepOf } from './handler.ts';

/** The administrative state of links: ours, and those that `desired` wants up. */
export const linkUps: IpHandler<'link-up'> = {
  observe(look) {
    return [...look.links.values()].flatMap((row) => {
      const owner = look.ownerOf(row.ifname);
      return owner !== undefined && row.flags.includes('UP') ? [{ kind: 'link-up' as const, dev: row.ifname, owner }] : [];
    });
  },

  ip(steps) {
    const ups = steps.flatMap((s, step): readonly IpCommand[] => {
      const dev = (s.after ?? s.before)?.dev;
      if (dev === undefined) return [];
      const args = ['link', 'set', 'dev', dev, s.op === 'delete' ? 'down' : 'up'];
      return [{ step, args, ...(s.op === 'delete' ? { fine: /Cannot find device|No such device/ } : {}) }];
    });
    return atOnce(steps, ups);
  },
};

/**
 * A port of a bridge with spanning tree waits twice the forward delay, 4 s at least, before it forwards. Guests are leaves: with the
 * protocol off while their ports are raised (a fraction of a millisecond) these forward at once, and the protocol watches them from then
 * on. libvirt differs: its guests wait. Only on bridges of ours.
 */
function atOnce(steps: readonly StepOf<'link-up'>[], ups: readonly IpCommand[]): readonly IpCommand[] {
  const bridges = new Map<string, number>();
  for (const [step, { op, after }] of steps.entries()) {
    const bridge = op === 'delete' || after?.owner.port === undefined ? undefined : spanningBridgeOf(after.dev);
    if (bridge !== undefined) bridges.set(bridge, step);
  }
  const stp = (state: '0' | '1'): readonly IpCommand[] =>
    [...bridges].map(([bridge, step]) => ({ step, args: ['link', 'set', 'dev', bridge, 'type', 'bridge', 'stp_state', state] }));
  return [...stp('0'), ...ups, ...stp('1')];
}

/** The bridge of ours, with spanning tree, that a device is plugged into. */
function spanningBridgeOf(dev: string): string | undefined {
  try {
    const bridge = basename(readlinkSync(`/sys/class/net/${dev}/master`));
    const isOurs = readFileSync(`/sys/class/net/${bridge}/ifalias`, 'utf8').startsWith('virtnet:');
    return isOurs && readFileSync(`/sys/class/net/${bridge}/bridge/stp_state`, 'utf8').trim() === '1' ? bridge : undefined;
  } catch {
    return undefined; // plugged into no bridge
  }
}
