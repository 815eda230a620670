import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isBounce } from '../plan/bounce.ts';
import { toolError } from './command.ts';
import { StepFailure, type HostTools, type IpCommand, type IpHandler, type StepOf } from './handler.ts';

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
      const args = ['link', 'set', 'dev', dev, s.op === 'delete' || isBounce(s) ? 'down' : 'up'];
      return [{ step, args, ...(s.op === 'delete' ? { fine: /Cannot find device|No such device/ } : {}) }];
    });
    return spanningOff(steps.map((s) => (isBounce(s) ? undefined : s))).concat(ups);
  },

  after(steps, tools) {
    const ports = spanning(steps);
    const bounced = steps.map((s) => (isBounce(s) ? s : undefined));
    const bounces = bounced.some((s) => s !== undefined);
    if (ports.size === 0 && !bounces) return undefined;
    return async () => {
      if (bounces) await raiseAgain(bounced, tools);
      await Promise.all([...ports.keys()].map(forwards));
      const results = await tools.ip.batch([...ports.values()].map(({ bridge }) => stp(bridge, '1')));
      for (const [i, result] of results.entries()) {
        const step = [...ports.values()][i]?.step ?? 0;
        if (!result.ok) throw new StepFailure(step, toolError('ip', result.stderr, {}));
      }
    };
  },
};

/** How long a bounced link stays down, in milliseconds: less would be one event to programs that watch links, and no change of anything. */
const BOUNCE_MS = 1000;

/** The second half of the bounces among the steps of a batch. */
async function raiseAgain(steps: readonly (StepOf<'link-up'> | undefined)[], tools: HostTools): Promise<void> {
  await sleep(BOUNCE_MS);
  const ups = steps.flatMap((s, step): IpCommand[] => (s?.after ? [{ step, args: ['link', 'set', 'dev', s.after.dev, 'up'] }] : []));
  const commands = [...spanningOff(steps), ...ups];
  for (const [i, result] of (await tools.ip.batch(commands.map((c) => c.args))).entries()) {
    const command = commands[i];
    if (!result.ok && command) throw new StepFailure(command.step, toolError('ip', result.stderr, { argv: ['ip', ...command.args] }));
  }
}

/** Spanning tree is off while the ports of these steps are raised. */
function spanningOff(steps: readonly (StepOf<'link-up'> | undefined)[]): IpCommand[] {
  return [...spanning(steps).values()].map(({ bridge, step }) => ({ step, args: stp(bridge, '0') }));
}

/**
 * A port of a bridge with spanning tree waits twice the forward delay, 4 s at least, before it forwards. Guests are leaves: with the
 * protocol off while their ports are raised (milliseconds) these forward at once, and the protocol watches them from then on. libvirt
 * differs: its guests wait. Only on bridges of ours. Ports by device.
 */
function spanning(
  steps: readonly (StepOf<'link-up'> | undefined)[],
): ReadonlyMap<string, { readonly bridge: string; readonly step: number }> {
  const ports = new Map<string, { readonly bridge: string; readonly step: number }>();
  for (const [step, s] of steps.entries()) {
    const after = s?.op === 'delete' ? undefined : s?.after;
    const bridge = after?.owner.port === undefined ? undefined : spanningBridgeOf(after.dev);
    if (bridge !== undefined && after) ports.set(after.dev, { bridge, step });
  }
  return ports;
}

function stp(bridge: string, state: '0' | '1'): readonly string[] {
  return ['link', 'set', 'dev', bridge, 'type', 'bridge', 'stp_state', state];
}

/** How long the kernel's word that a raised port has a carrier is waited for; a tap has none before its guest runs. Milliseconds. */
const CARRIER_WAIT_MS = 100;

/** Waits until a port with a carrier forwards (BR_STATE_FORWARDING of linux/if_bridge.h): the bridge is told of it a moment later. */
async function forwards(dev: string): Promise<void> {
  const read = (file: string): string => {
    try {
      return readFileSync(`/sys/class/net/${dev}/${file}`, 'utf8').trim();
    } catch {
      return ''; // no carrier is told of a link that is down, and a link may be gone
    }
  };
  for (let waited = 0; waited < CARRIER_WAIT_MS && read('carrier') === '1' && read('brport/state') !== '3'; waited++) await sleep(1);
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
