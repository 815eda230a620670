import { setTimeout as sleep } from 'node:timers/promises';

const tails = new Map<string, Promise<void>>();

/**
 * Waits for the callers of this process that asked for the same thing before. Gives the function that lets the next one on; undefined when
 * the turn did not come in time.
 */
export async function takeTurn(thing: string, timeoutMs: number): Promise<(() => void) | undefined> {
  const before = tails.get(thing);
  let end = (): void => undefined;
  const mine = new Promise<void>((resolve) => (end = resolve));
  const tail = before === undefined ? mine : before.then(() => mine);
  tails.set(thing, tail);
  const release = (): void => {
    if (tails.get(thing) === tail) tails.delete(thing);
    end();
  };
  if (before === undefined) return release;
  const timer = new AbortController();
  const isOurs = await Promise.race([
    before.then(() => true),
    sleep(timeoutMs, false, { signal: timer.signal, ref: true }).catch(() => false),
  ]);
  timer.abort();
  if (isOurs) return release;
  end(); // those behind us still wait for those before us
  return undefined;
}
