import type { HostFacts, HostPaths, PortFacts } from '../compile/facts.ts';
import type { HostState } from '../compile/host-state.ts';
import type { Step } from '../plan/plan.ts';
import type { LinkCounters } from './links/counters.ts';
import type { DeviceNode } from './links/device-node.ts';
import type { ForeignChain } from './firewall/foreign-chains.ts';
import type { Listener } from './system/listeners.ts';
import type { AwaitedLock } from './lock/lock.ts';

/** What to look at. Observing one network of a thousand must not cost a thousand. */
export interface ObserveRequest {
  /** The networks (uuids) whose resources are wanted, or all that the host carries. */
  readonly networks: ReadonlySet<string> | 'all';
  /** Of those networks only these ports' (uuids) resources: one guest of a thousand must not cost a thousand either. */
  readonly ports?: ReadonlySet<string>;
  /** What is wanted there: names the links, sysctls and pool devices whose condition matters beside those that carry virtnet's mark. */
  readonly desired: HostState;
}

export interface ExecuteOptions {
  /** Called before (`done` false) and after (`done` true) each step, with its index. May throw: the step then counts as failed. */
  readonly onStep?: (index: number, done: boolean) => void;
  readonly signal?: AbortSignal;
}

/** The lock of this network namespace, held. */
export interface HostLock extends AsyncDisposable {
  /** No other process has held it since this one did. */
  readonly undisturbed?: boolean;
  /** Waits, not for ever, until what a killed holder before had started has ended: it may still be changing the host. */
  readonly formerEnded?: () => Promise<void>;
}

/**
 * A machine: the one way to look at it and the one way to change it. It is `linuxHost` (this process's network namespace); tests have one in
 * memory, held to the same contract (test/support/contract.ts).
 */
export interface Host extends AsyncDisposable {
  readonly paths: HostPaths;
  /** What a compile may depend on. */
  facts(): Promise<HostFacts>;
  /** What the compile of single guests may depend on; with `vfs` also the virtual functions. */
  portFacts(options: { readonly vfs: boolean }): Promise<PortFacts>;
  /** What each link has carried, from the host's side. */
  counters(): Promise<ReadonlyMap<string, LinkCounters>>;
  /** The nodes in /dev of macvtaps, by device. */
  deviceNodes(devices: readonly string[]): Promise<ReadonlyMap<string, DeviceNode>>;
  /** An observation follows soon, under the same lock: what takes a while to ask for may be asked for now, beside other work. */
  prepare?(): void;
  /** Only what is virtnet's own (by mark) or named in `desired`; a link of somebody else's is never part of it. */
  observe(request: ObserveRequest): Promise<HostState>;
  /** Looks before anything is changed whether the programs that the steps need are there. @throws VirtnetError VNH002 for one that is not. */
  checkTools?(steps: readonly Step[]): void;
  /** Looks, for a plan of single guests that is only shown, at what else only the steps would find. @throws VirtnetError VNP001 as they would. */
  foresee?(steps: readonly Step[]): Promise<void>;
  /**
   * Carries the steps out in order. All firewall steps go to the kernel as one transaction, at the place of the first of them.
   * @throws VirtnetError VNP001 with `details.step` (index into `steps`), the tool's own words and a hint. Steps before it (and, in a
   * batch, some after it) may have taken effect: the caller observes and plans the way back.
   */
  execute(steps: readonly Step[], options?: ExecuteOptions): Promise<void>;
  /** Base chains of somebody else's that guests' packets pass. Empty where the firewall cannot be read. */
  foreignChains(): Promise<readonly ForeignChain[]>;
  /** Sockets of programs that wait for others. */
  listeners(): Promise<readonly Listener[]>;
  /**
   * The one writer of this network namespace. Waits, then fails.
   * @throws VirtnetError VNH004 naming the holder (process id, command, since when).
   */
  lock(purpose: string, options?: { readonly timeoutMs?: number }): Promise<HostLock>;
  /** The lock where `lock` waits for another process to give it back. */
  awaitedLock?(): AwaitedLock | undefined;
}
