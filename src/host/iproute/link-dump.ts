import type { IpTool } from './ip-coprocess.ts';
import type { LinkRow } from './link-row.ts';

/**
 * The dump of all links. The observation that follows the facts within a moment takes the one that they were read from: with a thousand
 * links a dump is a megabyte. What virtnet changes in between spoils it, and nobody takes one twice.
 */
export class LinkDump {
  readonly #ip: IpTool;
  #last: { readonly rows: Promise<readonly LinkRow[]>; readonly at: number } | undefined;

  constructor(ip: IpTool) {
    this.#ip = ip;
  }

  /** All links as they are now, kept for the observation that may follow. */
  read(): Promise<readonly LinkRow[]> {
    const rows = this.#ask();
    this.#last = { rows, at: performance.now() };
    return rows;
  }

  /** The dump that was kept, if it is fresh, else a new one. */
  take(): Promise<readonly LinkRow[]> {
    const last = this.#last;
    this.spoil();
    return last && performance.now() - last.at < FRESH_MS ? last.rows : this.#ask();
  }

  #ask(): Promise<readonly LinkRow[]> {
    return this.#ip.query<LinkRow>(['address', 'show']).then((rows) => rows ?? []);
  }

  spoil(): void {
    this.#last = undefined;
  }
}

/** How long a dump is good for an observation, in milliseconds. */
const FRESH_MS = 500;
