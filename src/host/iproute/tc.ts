import { namesIn } from '../system/folder-names.ts';
import { IpTool, type LineResult } from './ip-coprocess.ts';
import type { IpArgs } from './ip-line.ts';

/**
 * A lasting `tc -json -details -force -batch -`. iproute2 reads all links when it first needs one (10 ms for a thousand) and remembers their
 * indexes by name, so a tc(8) is kept, and followed by another one only when a name that it may know is another device's by now.
 */
export class TcTool {
  readonly #tool = new IpTool('tc');
  /** Every link of this namespace has a folder of IPv4 settings. */
  readonly #links: string;
  /** Names that the tc(8) of now may know; undefined for one that has read nothing. */
  #known: Set<string> | undefined;

  /** @param proc `/proc`, or a test's copy */
  constructor(proc: string) {
    this.#links = `${proc}/sys/net/ipv4/conf`;
  }

  /** Runs commands in order, also after one failed. Devices that were `made` just now are no others of their names. */
  batch(commands: readonly IpArgs[], made: readonly string[] = []): Promise<readonly LineResult[]> {
    if (made.some((name) => this.#known?.has(name) === true)) this.forget();
    this.#known ??= new Set(namesIn(this.#links));
    for (const name of made) this.#known.add(name);
    return this.#tool.batch(commands);
  }

  /** What is asked for after this goes to a process that remembers nothing. */
  forget(): void {
    this.#known = undefined;
    this.#tool.forget();
  }

  close(): void {
    this.#tool.close();
  }
}
