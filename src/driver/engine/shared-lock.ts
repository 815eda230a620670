import type { Host, HostLock } from '../../host/host.ts';

/**
 * The host's lock for changes of this process that take turns: one that leaves its turn to others (for a hook) does not give the lock away,
 * and those others need not wait for it. Other processes wait until none of them needs it.
 */
export class SharedLock {
  readonly #host: Pick<Host, 'lock'>;
  #held: HostLock | undefined;
  #users = 0;

  constructor(host: Pick<Host, 'lock'>) {
    this.#host = host;
  }

  /** Only called by the one whose turn it is. @throws VirtnetError VNH004. */
  async take(purpose: string): Promise<Pick<HostLock, 'undisturbed' | 'formerEnded'>> {
    const isOurs = this.#held !== undefined;
    const lock = (this.#held ??= await this.#host.lock(purpose));
    this.#users++;
    return isOurs ? OURS : lock;
  }

  /** The caller, whose turn it is, needs it no more. */
  async release(): Promise<void> {
    if (--this.#users > 0) return;
    const lock = this.#held;
    this.#held = undefined;
    await lock?.[Symbol.asyncDispose]();
  }
}

/** Nobody else can have it in between. */
const OURS = { undisturbed: true };
