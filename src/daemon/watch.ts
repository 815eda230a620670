import { isVirtnetError } from '../base/errors.ts';
import type { NetworkDriver, NetworkInfo } from '../driver/driver.ts';
import { isShaperName, shaperNames } from '../host/marks.ts';
import type { HostEvent } from '../host/monitor.ts';
import { stepsInWords } from './log.ts';

export interface WatchOptions {
  /** Wait for this much quiet before looking: one damage is often many events. Milliseconds. */
  readonly quietMs?: number;
  /** Look after this long even when events keep coming. Milliseconds. */
  readonly longestWaitMs?: number;
  /** Look at once at all that runs: of what happened before the watch nobody tells. */
  readonly firstLook?: boolean;
  /** In this time each running network has its turn to be looked at: of some damage nobody tells. Milliseconds. */
  readonly roundMs?: number;
  /** Told what was mended and what could not be. */
  readonly log: (level: 'info' | 'warning', message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Two parties that undo each other's work would do it for ever: after this many repairs in a row the pauses grow. */
const PATIENCE = 5;
const LONGEST_PAUSE_MS = 60_000;

/** Looks in turn take this part of the daemon's time at most: beside many networks a round takes longer. */
const TURNS_PART = 0.01;

/** Clients' calls go before a look, which most often follows from such a call and finds nothing; for so long at most. Milliseconds. */
const YIELD_MS = 300;

/**
 * Turns events of the host into repairs, of the one network an event is about where that is known. A look that finds nothing out of
 * place (virtnet's own changes cause events too) does nothing.
 * @returns the function that ends the watch.
 */
export function watch(
  driver: Pick<NetworkDriver, 'repair' | 'list' | 'get' | 'ports' | 'on'>,
  monitor: (listener: (event: HostEvent) => void) => () => void,
  options: WatchOptions,
): () => void {
  const quietMs = options.quietMs ?? 15;
  const longestWaitMs = options.longestWaitMs ?? 150;
  const running = new RunningDevices(driver);
  let damaged = new Map<string | undefined, string>();
  let isOpen = false;
  let since = 0;
  let timer: NodeJS.Timeout | undefined;
  let looking = false;
  let repairsInARow = 0;
  let over = false;

  // The end of the daemon may cut a repair short: that is nobody's trouble, for the next one looks at everything.
  const log: WatchOptions['log'] = (...entry) => {
    if (!over) options.log(...entry);
  };
  const schedule = (wait: number): void => {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), wait);
  };
  const note = (network: string | undefined, summary: string, quiet = quietMs): void => {
    if (over) return;
    const now = performance.now();
    if (damaged.size === 0) since = now;
    damaged.set(network, summary);
    if (!looking && repairsInARow <= PATIENCE) schedule(Math.max(0, Math.min(quiet, since + longestWaitMs - now)));
  };
  const onEvent = async (event: HostEvent): Promise<void> => {
    if (event.kind === 'firewall' && event.whole === true) {
      // Without the table nothing is refused any more, and no event comes after its end. The last network's end takes it along.
      isOpen = await running.some();
      return isOpen ? note(undefined, event.summary, 0) : undefined;
    }
    if (event.kind === 'host') return note(undefined, event.summary);
    if (event.kind !== 'device') return note(event.network, event.summary);
    const network = await running.networkOf(event.dev);
    if (network !== undefined) note(network, event.summary);
  };
  const look = async (): Promise<void> => {
    looking = true;
    const found = damaged;
    damaged = new Map();
    const yieldMs = isOpen ? 0 : YIELD_MS;
    isOpen = false;
    const applied = await mend(driver, found, yieldMs, log);
    looking = false;
    repairsInARow = applied ? repairsInARow + 1 : 0;
    if (over) return;
    const patient = repairsInARow > PATIENCE;
    if (damaged.size > 0 || patient) schedule(patient ? Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** (repairsInARow - PATIENCE)) : quietMs);
  };

  const failures = new Map<string, unknown>();
  const lookInTurn = async (network: string): Promise<void> => {
    const isAmiss = await mend(driver, new Map([[network, 'no event; found when its turn came']]), YIELD_MS, (level, message, fields) => {
      const isTold = level === 'warning' && failures.get(network) === fields['error'];
      if (level === 'warning') failures.set(network, fields['error']);
      if (!isTold) log(level, message, fields);
    });
    if (!isAmiss) failures.delete(network);
  };
  const endTurns = takeTurns(() => running.all(), lookInTurn, options.roundMs ?? 60_000);
  const endEvents = driver.on((event) => {
    if (event.type !== 'metadata') running.changed(event.uuid);
  });
  const endMonitor = monitor((event) => void onEvent(event));
  if (options.firstLook === true)
    void running.some().then(
      (some) => (some ? note(undefined, 'before virtnetd started') : undefined),
      () => undefined, // files that cannot be read are told by every call
    );
  return () => {
    over = true;
    clearTimeout(timer);
    endTurns();
    endMonitor();
    endEvents();
  };
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

/** Which running network a device belongs to: their bridges and their guests' devices. Beside any number of networks it looks at those that changed. */
class RunningDevices {
  readonly #driver: Pick<NetworkDriver, 'list' | 'get' | 'ports'>;
  readonly #devices = new Map<string, readonly string[]>();
  readonly #changed = new Set<string>();
  #known: Promise<void> | undefined;

  constructor(driver: Pick<NetworkDriver, 'list' | 'get' | 'ports'>) {
    this.#driver = driver;
  }

  /** Something of this network (its uuid) is not as it was. */
  changed(network: string): void {
    this.#changed.add(network);
  }

  async some(): Promise<boolean> {
    return (await this.all()).length > 0;
  }

  /** Their uuids. */
  async all(): Promise<readonly string[]> {
    await this.#look();
    return [...this.#devices.keys()];
  }

  async networkOf(device: string): Promise<string | undefined> {
    await this.#look();
    const isIts = isShaperName(device) ? (dev: string) => shaperNames(dev).includes(device) : (dev: string) => dev === device;
    for (const [network, devices] of this.#devices) if (devices.some(isIts)) return network;
    return undefined;
  }

  async #look(): Promise<void> {
    await (this.#known ??= this.#lookAtAll());
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const uuid of changed) {
      const network = await this.#driver.get({ uuid }).catch(gone);
      if (network) await this.#note(network);
      else this.#devices.delete(uuid);
    }
  }

  async #lookAtAll(): Promise<void> {
    this.#changed.clear();
    for (const network of await this.#driver.list()) await this.#note(network);
  }

  async #note({ uuid, active, bridge }: NetworkInfo): Promise<void> {
    if (!active) return void this.#devices.delete(uuid);
    const ports = await this.#driver.ports({ uuid }).catch(gone);
    const guests = (ports ?? []).flatMap(({ attachment }) => ('dev' in attachment ? [attachment.dev] : []));
    this.#devices.set(uuid, bridge === undefined ? guests : [bridge, ...guests]);
  }
}

/** A network that is gone is none. @throws every other error */
export function gone(error: unknown): undefined {
  if (!isVirtnetError(error) || error.code !== 'VND001') throw error;
  return undefined;
}

/** Repairs the networks named (all of them when one event could not tell which). True when anything was out of place. */
async function mend(
  driver: Pick<NetworkDriver, 'repair'>,
  damaged: ReadonlyMap<string | undefined, string>,
  yieldMs: number,
  log: WatchOptions['log'],
): Promise<boolean> {
  const refs = damaged.has(undefined) ? [undefined] : [...damaged.keys()];
  let applied = false;
  for (const ref of refs) {
    const started = performance.now();
    try {
      const result = await driver.repair(ref === undefined ? undefined : { uuid: ref }, { yieldMs });
      if (!result.applied) continue;
      applied = true;
      log('info', 'mended what others changed', {
        ...(ref === undefined ? {} : { network: ref }),
        cause: damaged.get(ref),
        steps: stepsInWords(result.plan.steps),
        ms: Math.round(performance.now() - started),
      });
    } catch (error) {
      // A network that was stopped meanwhile needs no repair.
      if (isVirtnetError(error) && (error.code === 'VND001' || error.code === 'VND003')) continue;
      applied = true;
      log('warning', 'cannot mend', {
        ...(ref === undefined ? {} : { network: ref }),
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return applied;
}
