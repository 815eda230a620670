import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { tryRun } from '../tools/command.ts';
import type { HostTools } from '../handler.ts';
import type { LineResult } from '../iproute/ip-coprocess.ts';
import type { IpArgs } from '../iproute/ip-line.ts';

/**
 * True for a device of this network namespace: each has a folder of IPv4 settings. iproute2 asked for a name that is no device's has the kernel
 * look for a module of that name, by two processes (dev_load of net/core/dev_ioctl.c), so it is not asked for one that may well not be there.
 */
export function isThere(dev: string, tools: Pick<HostTools, 'proc'>): boolean {
  return existsSync(settingsOf(dev, tools));
}

function settingsOf(dev: string, { proc }: Pick<HostTools, 'proc'>): string {
  return `${proc}/sys/net/ipv4/conf/${dev}`;
}

/**
 * Carries out a line of ip(8) that deletes devices, and is done when they are gone. That is 1 to 2 ms for a guest's device; the kernel's
 * answer comes 10 to 20 ms later, when it knows that nobody on any processor can still be reading what it frees (rcu_barrier in
 * netdev_run_todo, without the lock of rtnetlink). Nothing that follows depends on that: the names are free, and other changes go on.
 */
export async function removeLinks(
  args: IpArgs,
  devices: readonly string[],
  tools: Pick<HostTools, 'ip' | 'proc' | 'sysfs'>,
): Promise<LineResult> {
  // A bridge's folder in /sys stays until its ports and groups are freed (rcu_barrier in br_multicast_dev_del), with the lock of rtnetlink held.
  const present = devices.filter((dev) => isThere(dev, tools));
  const shown = present.flatMap((dev) => [`${tools.sysfs}/class/net/${dev}`, settingsOf(dev, tools)]).filter((path) => existsSync(path));
  if (shown.length === 0) {
    const [answer] = await tools.ip.batch([args]);
    return answer ?? { ok: true, text: '' };
  }
  let answer: LineResult | undefined;
  let failure: Error | undefined;
  const running = tryRun(['ip', ...args]).then(
    ({ code, stderr }) => {
      answer = code === 0 ? { ok: true, text: '' } : { ok: false, stderr: stderr.trim() };
    },
    (error: unknown) => {
      failure = error instanceof Error ? error : new Error(String(error));
    },
  );
  const isOver = (): boolean => answer !== undefined || failure !== undefined;
  // What is gone stays gone: each look begins at the first that was still there.
  let gone = 0;
  const areGone = (): boolean => {
    while (gone < shown.length && !existsSync(shown[gone] ?? '')) gone++;
    return gone === shown.length;
  };
  // The more time it takes the rarer it is looked: a processor that looks all the time holds the kernel's waits up.
  for (const began = performance.now(); !isOver() && !areGone();)
    await Promise.race([running, sleep(Math.max(1, (performance.now() - began) / LOOKS))]);
  if (failure) throw failure;
  return answer ?? { ok: true, text: '' };
}

/** A pause between two looks is this part of the time that it took so far, at least 1 ms. */
const LOOKS = 20;
