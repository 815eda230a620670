import type { HostPaths } from '../compile/facts.ts';
import type { Owner, Resource, ResourceKind } from '../compile/host-state.ts';
import type { Step } from '../plan/plan.ts';
import type { ObserveRequest } from './host.ts';
import type { IpTool } from './iproute/ip-coprocess.ts';
import type { IpArgs } from './iproute/ip-line.ts';
import type { LinkDump } from './iproute/link-dump.ts';
import type { LinkRow } from './iproute/link-row.ts';
import type { ListedTable } from './firewall/nft-text.ts';
import type { TcTool } from './iproute/tc.ts';

export type ResourceOf<K extends ResourceKind> = Extract<Resource, { kind: K }>;

/** A step on one kind of resource. */
export interface StepOf<K extends ResourceKind> extends Omit<Step, 'kind' | 'before' | 'after'> {
  readonly kind: K;
  readonly before?: ResourceOf<K>;
  readonly after?: ResourceOf<K>;
}

/** What all handlers lean on. */
export interface HostTools {
  readonly ip: IpTool;
  readonly tc: TcTool;
  readonly dump: LinkDump;
  readonly paths: HostPaths;
  /** The listing of our table, asked for ahead of the next observation. */
  readonly ahead: AheadListing;
  /** `/sys`, or a test's copy. */
  readonly sysfs: string;
  /** `/proc`, or a test's copy. */
  readonly proc: string;
}

/** One answer asked for in advance: the next observation takes it if it is fresh, and nobody takes it twice. */
export class AheadListing {
  #asked: Asked | undefined;

  ask(list: () => Promise<ListedTable | undefined>): void {
    const table = list();
    const asked: Asked = { table };
    const note = (): void => void (asked.answered = performance.now());
    table.then(note, note); // a failure is told to whoever takes it
    this.#asked = asked;
  }

  take(): Promise<ListedTable | undefined> | undefined {
    const asked = this.#asked;
    this.#asked = undefined;
    return asked && performance.now() - (asked.answered ?? performance.now()) < AHEAD_MS ? asked.table : undefined;
  }
}

interface Asked {
  readonly table: Promise<ListedTable | undefined>;
  /** When the answer came, as `performance.now()` says. */
  answered?: number;
}

/** How long an answer asked for in advance is good for, in milliseconds: our own changes cannot fall in between, others' hardly. */
const AHEAD_MS = 500;

/** What an observation has learned so far: the request, and the links that matter to it. */
export interface Look {
  readonly request: ObserveRequest;
  /** Links that carry a mark of a wanted network, or that `desired` names. */
  readonly links: ReadonlyMap<string, LinkRow>;
  /** Devices of ours that only serve to shape another one. */
  readonly helpers: ReadonlyMap<string, LinkRow>;
  /** Whose a device is: by its mark, else by what `desired` says of it. */
  ownerOf(dev: string): Owner | undefined;
  /** True when the network's resources are wanted. */
  wants(network: string): boolean;
  /** The desired resources of one kind. */
  desired<K extends ResourceKind>(kind: K): readonly ResourceOf<K>[];
}

/** One line for ip(8) on behalf of a step. */
export interface IpCommand {
  /** Index into the steps that were given. */
  readonly step: number;
  readonly args: IpArgs;
  /** Words of a failure that mean "it is so already" (a delete of what is gone). */
  readonly fine?: RegExp;
  /** What the tool's words mean here, for people, where they do not say it themselves. */
  readonly meaning?: { readonly of: RegExp; readonly message: string; readonly hint: string };
  /** The line is for a device that may well not be there, and is left out where it is not. */
  readonly ifThere?: string;
  /** Devices that the line deletes: it is done when they are gone, see `removeLinks`. */
  readonly removes?: readonly string[];
}

interface Observer<K extends ResourceKind> {
  observe(look: Look, tools: HostTools): Promise<readonly ResourceOf<K>[]> | readonly ResourceOf<K>[];
}

/** A kind whose changes are lines of ip(8): neighbouring steps, also of other such kinds, go out in one batch. */
export interface IpHandler<K extends ResourceKind> extends Observer<K> {
  ip(steps: readonly StepOf<K>[]): readonly IpCommand[];
  /** What ip(8) cannot do itself, after the lines; ends the batch when it is there. */
  after?(steps: readonly StepOf<K>[], tools: HostTools): (() => Promise<void>) | undefined;
}

/** A kind with means of its own. Rejects with `StepFailure` to say which of the steps it was; any other error is the first one's. */
export interface DirectHandler<K extends ResourceKind> extends Observer<K> {
  execute(steps: readonly StepOf<K>[], tools: HostTools): Promise<void>;
}

/** How one kind of resource is seen and changed. */
export type ResourceHandler<K extends ResourceKind> = IpHandler<K> | DirectHandler<K>;

/** The step of a batch that failed, and why. */
export class StepFailure extends Error {
  readonly step: number;
  override readonly cause: unknown;

  constructor(step: number, cause: unknown) {
    super('step failed');
    this.step = step;
    this.cause = cause;
  }
}

/** Runs `work` for each step in order; a failure is that step's. */
export async function eachStep<K extends ResourceKind>(
  steps: readonly StepOf<K>[],
  work: (step: StepOf<K>) => Promise<void> | void,
): Promise<void> {
  for (const [i, step] of steps.entries()) {
    try {
      await work(step);
    } catch (error) {
      throw new StepFailure(i, error);
    }
  }
}
