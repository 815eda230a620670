import type { NetworkDriver } from '../driver/driver.ts';
import type { HostEvent } from '../host/monitor.ts';
import type { Log } from './log.ts';
import { Repairs } from './repairs.ts';
import { RunningDevices } from './running-devices.ts';
import { mendInTurn } from './turns.ts';

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
  readonly log: Log;
}

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
  let over = false;
  // The end of the daemon may cut a repair short: that is nobody's trouble, for the next one looks at everything.
  const log: Log = (...entry) => {
    if (!over) options.log(...entry);
  };
  const running = new RunningDevices(driver);
  const repairs = new Repairs(driver, { quietMs: options.quietMs ?? 15, longestWaitMs: options.longestWaitMs ?? 150, log });
  const endTurns = mendInTurn(driver, () => running.all(), options.roundMs ?? 60_000, log);
  const endEvents = driver.on((event) => {
    if (event.type !== 'metadata') running.changed(event.uuid);
  });
  const endMonitor = monitor((event) => {
    // Where nobody can tell what runs, it may be about any network.
    void noteDamage(event, running, repairs).catch(() => repairs.note(undefined, event.summary));
  });
  if (options.firstLook === true)
    void running.some().then(
      (some) => (some ? repairs.note(undefined, 'before virtnetd started') : undefined),
      () => undefined, // files that cannot be read are told by every call
    );
  return () => {
    over = true;
    repairs.end();
    endTurns();
    endMonitor();
    endEvents();
  };
}

/** What an event may have damaged: one network where it says which, or the device of one; else any. */
async function noteDamage(event: HostEvent, running: RunningDevices, repairs: Repairs): Promise<void> {
  if (event.kind === 'firewall' && event.whole === true) {
    // Without the table nothing is refused any more, and no event comes after its end. The last network's end takes it along.
    return (await running.some()) ? repairs.noteOpen(event.summary) : undefined;
  }
  if (event.kind === 'host') return repairs.note(undefined, event.summary);
  if (event.kind !== 'device') return repairs.note(event.network, event.summary);
  const network = await running.networkOf(event.dev);
  if (network !== undefined) repairs.note(network, event.summary);
}
