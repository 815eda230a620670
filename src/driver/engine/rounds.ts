import type { HostFacts } from '../../compile/facts.ts';
import type { Host } from '../../host/host.ts';
import type { OperationContext } from './change.ts';

/** What operations ask of the world, in rounds: `again` begins one in which the world is looked at anew and what was made up stays so. */
export type RoundsContext = OperationContext & { readonly again: () => void };

/** @param seen what was seen of the host just now, for the first round. */
export function roundsContext(
  { uuid, mac, deviceName, parse, parsePort, parsePlug, settle }: Omit<OperationContext, 'facts' | 'portFacts'>,
  host: Pick<Host, 'facts' | 'portFacts'>,
  seen: Promise<HostFacts> | undefined,
): RoundsContext {
  let facts = seen;
  const [uuids, macs] = [new Rounds(uuid), new Rounds(mac)];
  return {
    uuid: () => uuids.next(),
    mac: () => macs.next(),
    deviceName,
    parse,
    parsePort,
    parsePlug,
    settle,
    facts: () => (facts ??= host.facts()),
    portFacts: (wanted) => host.portFacts(wanted),
    again: () => {
      facts = undefined;
      uuids.again();
      macs.again();
    },
  };
}

/** Gives in each round what it gave in the rounds before, as far as they went. */
class Rounds<T> {
  readonly #make: () => T;
  readonly #made: T[] = [];
  #at = 0;

  constructor(make: () => T) {
    this.#make = make;
  }

  next(): T {
    return (this.#made[this.#at++] ??= this.#make());
  }

  again(): void {
    this.#at = 0;
  }
}
