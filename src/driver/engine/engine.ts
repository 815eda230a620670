import type { Diagnostic } from '../../base/diagnostic.ts';
import { VirtnetError, isVirtnetError } from '../../base/errors.ts';
import type { HostFacts } from '../../compile/facts.ts';
import type { HookCall } from '../../host/hooks.ts';
import type { Host } from '../../host/host.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Change, Operation, OperationContext } from './change.ts';
import { Claims } from './claims.ts';
import { converge, dryRun, keepFailed, scopeOf } from './converge.ts';
import { desiredByChange, desiredState, type Desired } from './desired.ts';
import type { DriverEvent, NetworkRef, RepairOptions, UpOptions } from '../driver.ts';
import type { EventQueue } from './event-queue.ts';
import { hooksAfter, hooksBefore, hooksOfNoStart, concernsHooks, tellHooks, type Hooks } from './hooks.ts';
import { wordsOf } from '../state/lookup.ts';
import { Mutex, type Turn } from './mutex.ts';
import { roundsContext, type RoundsContext } from './rounds.ts';
import { SharedLock } from './shared-lock.ts';
import { Starts } from './starts.ts';
import type { DriverState } from '../state/state.ts';
import { changedNetworks, withFormer } from '../state/state.ts';
import type { KeptByOthers } from '../store/settle-left.ts';
import type { Store } from '../store/store.ts';
import { bothOf, isSome, named, without } from '../store/unsettled.ts';
import { untoldGuests } from './untold-guests.ts';

export interface EngineOptions {
  readonly store: Store;
  readonly host: Host;
  readonly events: EventQueue;
  readonly context: Omit<OperationContext, 'facts' | 'portFacts'>;
  /** Removes what is kept of a network (its leases) beside its definition. */
  readonly forget: (uuid: string) => void;
  /** Scripts of the host's owner. None may change the network that it is told of: that change waits for the script. */
  readonly hooks?: Hooks;
}

export interface RunOptions extends UpOptions {
  /** The networks that the operation is asked about, where they are known before. */
  readonly of?: readonly NetworkRef[];
}

export interface Outcome<T> {
  readonly value: T;
  /** What holds afterwards; in a dry run, what would. */
  readonly state: DriverState;
  readonly plan: Plan;
  readonly applied: boolean;
}

type Done = Omit<Outcome<unknown>, 'value'>;

/** What an operation would make of the state of a moment. */
interface Drafted<T> {
  readonly state: DriverState;
  readonly change: Change<T>;
  /** None where only documents change. */
  readonly desired: Desired | undefined;
}

/** Tells the hooks of a change, while others have their turn. Rejects with what one says that may still refuse it. */
type Tell = (calls: () => readonly HookCall[]) => Promise<void>;

/** The host's lock is ours. */
interface Held {
  /** Nobody else had it since this process had it last. */
  readonly undisturbed: boolean;
  /** See `HostLock`. */
  readonly formerEnded?: (() => Promise<void>) | undefined;
  /** What was seen while it was taken. */
  readonly facts?: Promise<HostFacts> | undefined;
}

/** Changes that are always about the whole of a network. */
const NEEDS_FACTS: ReadonlySet<string> = new Set(['start', 'stop', 'up', 'create']);

const NO_PLAN: Plan = { steps: [], diagnostics: [] };

/**
 * The one road for every change: the operation says what shall be, the files say it first, the host follows. A change that the host
 * refuses is taken back from both. One at a time in this process and, by the host's lock, in the network namespace; while a change waits
 * for a hook script, others of this process have their turn, but none of the same networks.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #mutex = new Mutex();
  readonly #lock: SharedLock;
  readonly #claims = new Claims();
  readonly #starts = new Starts();
  #swept = false;
  #keptByOthers: KeptByOthers = 'left';

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#lock = new SharedLock(options.host);
  }

  /** What the files say, all of them looked at. */
  read(): DriverState {
    return this.#options.store.read();
  }

  /** What the files say, for a look at one network. */
  glance(): DriverState {
    return this.#options.store.glance();
  }

  /** Carries an operation out, or only plans it (`dryRun`: takes no lock and writes nothing). */
  async run<T>(purpose: string, operation: Operation<T>, options: RunOptions = {}): Promise<Outcome<T>> {
    const needsFacts = NEEDS_FACTS.has(purpose);
    if (options.dryRun === true) return this.#plan(operation, options, needsFacts);
    const ended = purpose === 'start' ? this.#starts.begin(options.of ?? []) : () => undefined;
    try {
      return await this.exclusive(purpose, (held, turn) => this.#apply(operation, options, held, turn, ended), { needsFacts });
    } finally {
      ended();
    }
  }

  /** Resolves when the starts of a network that are under way have ended, or wait for others: a hook may ask about its network. */
  started(ref: NetworkRef): Promise<void> {
    return this.#starts.ended(ref);
  }

  /** What differs between what should be and what is. The scope may be looked up in the state. */
  async diff(of: ReadonlySet<string> | 'all' | ((state: DriverState) => ReadonlySet<string>)): Promise<Plan> {
    const { host } = this.#options;
    host.prepare?.();
    // The tools look at the host while this process reads its files: a thousand ports are a thousand files.
    const facts = host.facts();
    facts.catch(() => undefined); // told below, unless the files are worse
    const state = of === 'all' ? this.read() : this.glance();
    const scope = typeof of === 'function' ? of(state) : of;
    const desired = await keepFailed(host, desiredState(state, scope, await facts), scope);
    const steps = await dryRun(host, desired, { networks: scope });
    return { steps, diagnostics: desired.diagnostics };
  }

  /** Makes the host be as it should be. Networks that this host cannot carry any more stay as they are. */
  async repair(scope: ReadonlySet<string> | 'all', options: RepairOptions): Promise<Outcome<undefined>> {
    if (options.dryRun === true) return { value: undefined, state: this.read(), plan: await this.diff(scope), applied: false };
    const mend = async (held: Held): Promise<Outcome<undefined>> => {
      const { host, store } = this.#options;
      const pending = store.pending();
      if (isSome(pending)) await held.formerEnded?.();
      host.prepare?.();
      const wide = bothOf(scope, pending);
      const state = wide === 'all' ? this.read() : this.glance();
      const facts = await (held.facts ?? host.facts());
      const desired = await keepFailed(host, desiredState(state, wide, facts, state, { unsettled: named(pending, state) }), wide);
      const outcome = await converge(host, desired, { networks: wide }, { ...options, mends: true });
      if (isSome(pending)) store.setPending(new Set());
      return { value: undefined, state, ...outcome };
    };
    await this.#mutex.quiet(options.yieldMs ?? 0);
    return this.exclusive('repair', mend, { needsFacts: true });
  }

  /**
   * Runs an action alone: no other change of this process or of another one happens meanwhile, unless the action leaves its turn to others of
   * this process. One that `needsFacts` has the host looked at while the lock is taken; the action gets what was seen when nobody else changed
   * anything in between.
   */
  exclusive<T>(
    purpose: string,
    action: (held: Held, turn: Turn) => Promise<T>,
    { needsFacts }: { needsFacts: boolean } = { needsFacts: false },
  ): Promise<T> {
    return this.#mutex.run(async (turn) => {
      const { host } = this.#options;
      if (needsFacts) host.prepare?.();
      const locking = this.#lock.take(purpose);
      const facts = needsFacts ? host.facts() : undefined;
      facts?.catch(() => undefined); // told to whoever uses it
      const lock = await locking;
      try {
        const undisturbed = lock.undisturbed === true;
        if (undisturbed) return await action({ undisturbed, facts }, turn);
        if (needsFacts) host.prepare?.();
        return await action({ undisturbed, formerEnded: () => lock.formerEnded?.() ?? Promise.resolve() }, turn);
      } finally {
        await this.#lock.release();
      }
    });
  }

  /** Changes files of the store alone, as `exclusive` does. */
  alone(purpose: string, action: () => void): Promise<void> {
    return this.exclusive(purpose, () => Promise.resolve(action()));
  }

  #context(held: Pick<Held, 'facts'> = {}): RoundsContext {
    return roundsContext(this.#options.context, this.#options.host, held.facts);
  }

  async #plan<T>(operation: Operation<T>, { bounce }: UpOptions, looksAhead: boolean): Promise<Outcome<T>> {
    const context = this.#context();
    if (looksAhead) this.#options.host.prepare?.();
    const state = this.read();
    const change = await operation(state, context);
    if (change.scope.size === 0) return { value: change.value, state: change.next, plan: NO_PLAN, applied: false };
    if (change.only === undefined && !looksAhead) this.#options.host.prepare?.();
    const desired = await desiredByChange(state, change, context);
    const steps = await dryRun(this.#options.host, desired, scopeOf(change), bounce);
    this.#options.host.checkTools?.(steps);
    if (change.only !== undefined) await this.#options.host.foresee?.(steps);
    const diagnostics = [...desired.diagnostics, ...(bounce === true ? untoldGuests(steps, change.next) : [])];
    return { value: change.value, state: change.next, plan: { steps, diagnostics }, applied: false };
  }

  async #apply<T>(operation: Operation<T>, options: RunOptions, held: Held, turn: Turn, ended: () => void): Promise<Outcome<T>> {
    const { store } = this.#options;
    await this.#recover(held);
    const context = this.#context(held);
    const of = (options.of ?? []).flatMap(wordsOf);
    let state = held.undisturbed ? store.held(of) : store.read();
    const draft = async (): Promise<Drafted<T>> => {
      const change = await operation(state, context);
      return { state, change, desired: change.scope.size === 0 ? undefined : await desiredByChange(state, change, context) };
    };
    /** Runs something while others may change networks, and looks again. */
    const aside = async (other: Promise<unknown>): Promise<void> => {
      ended();
      try {
        await turn.aside(() => other);
      } finally {
        context.again();
        state = store.held(of);
      }
    };
    /** Waits where others have one of these; false where nobody has. */
    const waited = async (networks: () => readonly string[]): Promise<boolean> => {
      const others = this.#claims.endOf(networks);
      if (others !== undefined) await aside(others);
      return others !== undefined;
    };
    while (this.#claims.areThere && (await waited(() => of)));
    let drafted = await draft();
    while (this.#claims.areThere && (await waited(() => networksOf(drafted)))) drafted = await draft();

    const { hooks: scripts } = this.#options;
    const hooks = concernsHooks(drafted.change.events) && scripts?.areThere() === true ? scripts : undefined;
    const release = hooks && this.#claims.take(networksOf(drafted));
    const tell: Tell | undefined =
      hooks &&
      (async (calls) => {
        const told = calls();
        if (told.length > 0) await aside(tellHooks(hooks, told));
      });
    try {
      if (tell) await tell(() => hooksBefore(drafted.change.events, drafted.change.next));
      if (state !== drafted.state) drafted = await draft();
      return await this.#carryOut(drafted, context, options, tell);
    } catch (error) {
      if (tell) await tell(() => hooksOfNoStart(drafted.change.events, drafted.change.next));
      throw error;
    } finally {
      release?.();
    }
  }

  /** Stores a change, makes it real and tells everybody; or none of it. */
  async #carryOut<T>(drafted: Drafted<T>, context: OperationContext, options: UpOptions, tell?: Tell): Promise<Outcome<T>> {
    const { state, change, desired } = drafted;
    const { events } = this.#options;
    const done = desired === undefined ? this.#store(change, state) : await this.#change(change, state, desired, options);
    try {
      if (tell) await tell(() => hooksAfter(change.events, state, change.next));
    } catch (refusal) {
      await this.#takeBack(change, state, context);
      throw refusal;
    }
    this.#forgetGone(state, change.next);
    events.push(withWarnings(change.events, desired?.diagnostics ?? []));
    return { value: change.value, state: done.state, plan: done.plan, applied: done.applied };
  }

  /** Stores a change of documents. */
  #store({ next }: Change<unknown>, state: DriverState): Done {
    return { state: this.#options.store.commit(state, next), plan: NO_PLAN, applied: next !== state };
  }

  /** Stores a change and makes it real, or neither. */
  async #change(change: Change<unknown>, state: DriverState, desired: Desired, options: UpOptions): Promise<Done> {
    const { store } = this.#options;
    const left = store.heldPending();
    store.setPending(bothOf(left, change.scope));
    try {
      store.commit(state, change.next);
    } catch (error) {
      store.setPending(left);
      throw error;
    }
    try {
      const { plan, applied } = await converge(this.#options.host, desired, scopeOf(change), options);
      store.setPending(without(left, change.scope));
      const told = options.bounce === true ? untoldGuests(plan.steps, change.next) : [];
      return { state: store.held(), plan: { ...plan, diagnostics: [...plan.diagnostics, ...told] }, applied };
    } catch (error) {
      try {
        store.commit(change.next, state);
      } catch (files) {
        throw filesStayed(error, files);
      }
      // After a complete undo nothing is pending; after an incomplete one the next run has work to do.
      if (!isVirtnetError(error) || error.code !== 'VNP002') store.setPending(left);
      throw error;
    }
  }

  /** Makes the networks of a change that holds be as they were; what others have changed meanwhile stays. */
  async #takeBack(change: Change<unknown>, former: DriverState, context: OperationContext): Promise<void> {
    const { store } = this.#options;
    const present = store.held();
    const back = { ...change, next: withFormer(present, former, changedNetworks(former, change.next)) };
    const left = store.heldPending();
    if (change.scope.size > 0) store.setPending(bothOf(left, change.scope));
    store.commit(present, back.next);
    if (change.scope.size === 0) return;
    const isUndone = await desiredByChange(present, back, context)
      .then((desired) => converge(this.#options.host, desired, scopeOf(back), {}))
      .then(
        () => true,
        () => false,
      );
    if (isUndone) store.setPending(left); // else the next change finishes it
  }

  /** Networks that are neither defined nor running any more leave nothing behind. */
  #forgetGone(former: DriverState, next: DriverState): void {
    for (const uuid of changedNetworks(former, next)) if (!next.networks.has(uuid)) this.#options.forget(uuid);
  }

  /**
   * Brings networks to rest whose change was cut off by a kill, before another change is made. One that resists (it could not be
   * finished then either) stays pending and does not keep this change from happening.
   */
  async #recover({ undisturbed, formerEnded }: Held): Promise<void> {
    const { store, host } = this.#options;
    const pending = undisturbed ? store.heldPending() : store.pending();
    // Nobody changes a file without the lock.
    if (!undisturbed || this.#keptByOthers !== 'nothing') this.#keptByOthers = store.keptByOthers();
    if (!this.#swept || isSome(pending) || this.#keptByOthers === 'left') store.sweep();
    this.#swept = true;
    if (!isSome(pending)) return;
    await formerEnded?.();
    host.prepare?.();
    const state = this.read();
    const desired = desiredState(state, pending, await host.facts(), state, { unsettled: named(pending, state) });
    if (desired.failed.size > 0) return;
    try {
      await converge(host, desired, { networks: pending }, {});
    } catch (error) {
      if (isVirtnetError(error)) return;
      throw error;
    }
    store.setPending(new Set());
  }
}

/** Networks that start are told of with what was found. */
function withWarnings(events: readonly DriverEvent[], diagnostics: readonly Diagnostic[]): readonly DriverEvent[] {
  if (diagnostics.length === 0) return events;
  return events.map((event) => {
    if (event.type !== 'lifecycle' || event.event !== 'started') return event;
    const warnings = diagnostics.filter(({ source }) => source === event.name);
    return warnings.length === 0 ? event : { ...event, warnings };
  });
}

/** Every network that a change is about, by uuid and by the names that it has before and after. */
function networksOf({ state, change }: Drafted<unknown>): readonly string[] {
  return [...new Set([...changedNetworks(state, change.next), ...change.scope])].flatMap((uuid) => [
    uuid,
    ...[state, change.next].flatMap(({ networks }) => networks.get(uuid)?.name ?? []),
  ]);
}

/** The host went back and the disk refused to: the files say what was asked for, and a repair makes the host say so too. */
function filesStayed(cause: unknown, files: unknown): VirtnetError {
  const words = (error: unknown): string => (error instanceof Error ? error.message : String(error));
  return new VirtnetError({
    code: 'VNP002',
    message: `${words(cause)}; the undo failed too: ${words(files)}`,
    hint: 'make room or make the folder writable, then run `virtnet repair`: it finishes the change',
    cause,
  });
}
