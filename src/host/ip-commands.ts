import type { HostTools, IpCommand } from './handler.ts';
import type { LineResult } from './iproute/ip-coprocess.ts';

/**
 * Runs the commands. ip(8) keeps the indexes of the names it met: when somebody took a device away and one of the same name has been made
 * since, it still means the old one. What failed for that is tried again with a process that remembers nothing.
 */
export async function runCommands(commands: readonly Omit<IpCommand, 'step'>[], tools: HostTools): Promise<readonly LineResult[]> {
  const results = [...(await tools.ip.batch(commands.map((c) => c.args)))];
  const stale = results.flatMap((r, i) => (!r.ok && STALE.test(r.stderr) && commands[i]?.fine?.test(r.stderr) !== true ? [i] : []));
  if (stale.length === 0) return results;
  tools.ip.forget();
  const again = await tools.ip.batch(stale.map((i) => (commands[i] as (typeof commands)[number]).args));
  for (const [n, i] of stale.entries()) results[i] = again[n] ?? (results[i] as LineResult);
  return results;
}

/** What the kernel says of an index that is no more. */
const STALE = /No such device|[Dd]evice not found|Cannot find device/;
