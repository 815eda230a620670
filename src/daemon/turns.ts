import type { NetworkDriver } from '../driver/driver.ts';
import type { Log } from './log.ts';
import { mend, YIELD_MS } from './repairs.ts';

/** Looks in turn take this part of the daemon's time at most: beside many networks a round takes longer. */
const TURNS_PART = 0.01;

/**
 * Repairs each running network when its turn comes: of some damage nobody tells. What cannot be mended is told once, until it can be or
 * fails otherwise.
 * @param running the uuids of the networks that run
 * @param roundMs the time in which each has its turn, milliseconds
 * @returns the function that ends it.
 */
export function mendInTurn(
  driver: Pick<NetworkDriver, 'repair'>,
  running: () => Promise<readonly string[]>,
  roundMs: number,
  log: Log,
): () => void {
  const failures = new Map<string, unknown>();
  const look = async (network: string): Promise<void> => {
    const isAmiss = await mend(driver, new Map([[network, 'no event; found when its turn came']]), YIELD_MS, (level, message, fields) => {
      const error = fields?.['error'];
      const isTold = error !== undefined && failures.get(network) === error;
      failures.set(network, error);
      if (!isTold) log(level, message, fields);
    });
    if (!isAmiss) failures.delete(network);
  };
  return takeTurns(running, look, roundMs);
}

/**
 * Hands each of `all` to `look`, one after the other, in about `roundMs`.
 * @returns the function that ends it.
 */
function takeTurns(all: () => Promise<readonly string[]>, look: (one: string) => Promise<unknown>, roundMs: number): () => void {
  let last = '';
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const next = (pause: number): void => void (timer = over ? undefined : setTimeout(() => void turn(), pause).unref());
  const turn = async (): Promise<void> => {
    const began = performance.now();
    const these = await all().catch((): readonly string[] => []); // files that cannot be read are told by every call
    const one = these[(these.indexOf(last) + 1) % these.length];
    if (one !== undefined) await look((last = one));
    next(Math.max(roundMs / Math.max(these.length, 1), (performance.now() - began) / TURNS_PART));
  };
  next(roundMs);
  return () => {
    over = true;
    clearTimeout(timer);
  };
}
