import { isVirtnetError } from '../base/errors.ts';
import type { NetworkDriver } from '../driver/driver.ts';
import { stepsInWords, type Log } from './log.ts';

/** Clients' calls go before a look, which most often follows from such a call and finds nothing; for so long at most. Milliseconds. */
export const YIELD_MS = 300;

/** Two parties that undo each other's work would do it for ever: after this many repairs in a row the pauses grow. */
const PATIENCE = 5;
const LONGEST_PAUSE_MS = 60_000;

export interface RepairsOptions {
  /** See `WatchOptions`. */
  readonly quietMs: number;
  readonly longestWaitMs: number;
  readonly log: Log;
}

/** Collects what may be damaged, and repairs it when no more has come for a moment. */
export class Repairs {
  readonly #driver: Pick<NetworkDriver, 'repair'>;
  readonly #options: RepairsOptions;
  /** Networks (their uuids; undefined: any) with what happened to them last. */
  #damaged = new Map<string | undefined, string>();
  /** When the first of them was noted, in milliseconds of `performance.now()`. */
  #since = 0;
  #isOpen = false;
  #timer: NodeJS.Timeout | undefined;
  #isLooking = false;
  #repairsInARow = 0;
  #isOver = false;

  constructor(driver: Pick<NetworkDriver, 'repair'>, options: RepairsOptions) {
    this.#driver = driver;
    this.#options = options;
  }

  /** This network, or any when it is undefined, may be damaged. */
  note(network: string | undefined, cause: string): void {
    this.#note(network, cause, this.#options.quietMs);
  }

  /** The host lets everything through: looked at without a wait, and before clients' calls. */
  noteOpen(cause: string): void {
    this.#isOpen = true;
    this.#note(undefined, cause, 0);
  }

  /** Begins no more repairs. */
  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  #note(network: string | undefined, cause: string, quietMs: number): void {
    if (this.#isOver) return;
    const now = performance.now();
    if (this.#damaged.size === 0) this.#since = now;
    this.#damaged.set(network, cause);
    const latest = this.#since + this.#options.longestWaitMs - now;
    if (!this.#isLooking && this.#repairsInARow <= PATIENCE) this.#schedule(Math.max(0, Math.min(quietMs, latest)));
  }

  #schedule(waitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), waitMs);
  }

  async #look(): Promise<void> {
    this.#isLooking = true;
    const damaged = this.#damaged;
    this.#damaged = new Map();
    const yieldMs = this.#isOpen ? 0 : YIELD_MS;
    this.#isOpen = false;
    const wasAmiss = await mend(this.#driver, damaged, yieldMs, this.#options.log);
    this.#isLooking = false;
    this.#repairsInARow = wasAmiss ? this.#repairsInARow + 1 : 0;
    if (this.#isOver) return;
    const tooMany = this.#repairsInARow - PATIENCE;
    if (tooMany > 0) this.#schedule(Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** tooMany));
    else if (this.#damaged.size > 0) this.#schedule(this.#options.quietMs);
  }
}

/**
 * Repairs networks, each by its uuid with what happened to it; all of them when one event could not tell which.
 * @param yieldMs clients' calls go first, for so long at most; milliseconds
 * @returns true when anything was out of place, mended or not.
 */
export async function mend(
  driver: Pick<NetworkDriver, 'repair'>,
  damaged: ReadonlyMap<string | undefined, string>,
  yieldMs: number,
  log: Log,
): Promise<boolean> {
  const uuids = damaged.has(undefined) ? [undefined] : [...damaged.keys()];
  let wasAmiss = false;
  for (const uuid of uuids) {
    const about = uuid === undefined ? {} : { network: uuid };
    const started = performance.now();
    try {
      const { applied, plan } = await settled(() => driver.repair(uuid === undefined ? undefined : { uuid }, { yieldMs }));
      if (!applied) continue;
      wasAmiss = true;
      const ms = Math.round(performance.now() - started);
      // What networks share belongs to none of them: nobody else tells of it.
      const isShared = plan.steps.some((step) => (step.after ?? step.before)?.owner === undefined);
      const level = isShared ? 'warning' : 'info';
      log(level, 'mended what others changed', { ...about, cause: damaged.get(uuid), steps: stepsInWords(plan.steps), ms });
    } catch (error) {
      // A network that was stopped meanwhile needs no repair.
      if (isVirtnetError(error) && (error.code === 'VND001' || error.code === 'VND003')) continue;
      wasAmiss = true;
      log('warning', 'cannot mend', { ...about, error: error instanceof Error ? error.message : String(error) });
    }
  }
  return wasAmiss;
}

/**
 * Who deletes a device often takes it down first (libvirt, Docker, scripts): that is looked at, and to raise it fails when it is gone by then. A second
 * look sees what is there now.
 */
async function settled<T>(repair: () => Promise<T>): Promise<T> {
  try {
    return await repair();
  } catch (error) {
    if (isVirtnetError(error) && error.code === 'VNP001') return repair();
    throw error;
  }
}
