import { readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toolError } from '../tools/command.ts';
import { StepFailure, type HostTools } from '../handler.ts';
import type { IpArgs } from '../iproute/ip-line.ts';

/** A guest's device that a step lets onto a bridge of ours with spanning tree. */
export interface SpanningPort {
  readonly step: number;
  readonly dev: string;
  readonly bridge: string;
}

/**
 * A port of a bridge with spanning tree waits twice the forward delay, 4 s at least, before it forwards. Guests are leaves: with the
 * protocol off while their ports come (milliseconds) these forward at once, and the protocol watches them from then on. libvirt differs:
 * its guests wait. The lines that switch it off, before those of the steps.
 */
export function pauseSpanning(ports: readonly SpanningPort[]): readonly { readonly step: number; readonly args: IpArgs }[] {
  return ports.map(({ step, bridge }) => ({ step, args: stp(bridge, '0') }));
}

/** What follows the lines of the steps: the protocol is switched on again once the ports forward. */
export function resumeSpanning(ports: readonly SpanningPort[], tools: HostTools): (() => Promise<void>) | undefined {
  if (ports.length === 0) return undefined;
  return async () => {
    await Promise.all(ports.map(({ dev }) => forwards(dev)));
    const results = await tools.ip.batch(ports.map(({ bridge }) => stp(bridge, '1')));
    for (const [i, result] of results.entries())
      if (!result.ok) throw new StepFailure(ports[i]?.step ?? 0, toolError('ip', result.stderr, {}));
  };
}

function stp(bridge: string, state: '0' | '1'): IpArgs {
  return ['link', 'set', 'dev', bridge, 'type', 'bridge', 'stp_state', state];
}

/** How long the kernel's word that a raised port has a carrier is waited for; a tap has none before its guest runs. Milliseconds. */
const CARRIER_WAIT_MS = 100;

/** Waits until a port with a carrier forwards (BR_STATE_FORWARDING of linux/if_bridge.h): the bridge is told of it a moment later. */
async function forwards(dev: string): Promise<void> {
  const isThere = (): boolean => read(`${dev}/carrier`) === '1' && read(`${dev}/brport/state`) !== '3';
  for (let waited = 0; waited < CARRIER_WAIT_MS && isThere(); waited++) await sleep(1);
}

/** The bridge that a device is plugged into. */
export function bridgeOfPort(dev: string): string | undefined {
  try {
    return basename(readlinkSync(`/sys/class/net/${dev}/master`));
  } catch {
    return undefined; // it is in none
  }
}

/** True for a bridge of ours with spanning tree. */
export function isSpanning(bridge: string): boolean {
  return read(`${bridge}/ifalias`).startsWith('virtnet:') && read(`${bridge}/bridge/stp_state`) === '1';
}

/** True for a link that is administratively up (IFF_UP of linux/if.h). */
export function isUp(dev: string): boolean {
  return (Number(read(`${dev}/flags`)) & 1) === 1;
}

/** A file of a link; empty where there is none: no carrier is told of a link that is down, and a link may be gone. */
function read(file: string): string {
  try {
    return readFileSync(`/sys/class/net/${file}`, 'utf8').trim();
  } catch {
    return '';
  }
}
