import type { HostFacts, PortFacts } from '../../compile/facts.ts';
import type { Result } from '../../base/diagnostic.ts';
import type { NetworkPort } from '../../interface/port.ts';
import type { Network } from '../../network/network.ts';
import type { DriverEvent } from '../driver.ts';
import type { ParseOptions } from '../store/documents.ts';
import type { PlugDocument } from '../store/port-documents.ts';
import type { SettlingCodec } from '../store/settling-codec.ts';
import type { DriverState } from '../state/state.ts';

/** What an operation would make so: the next state, and the networks whose host state follows from it. */
export interface Change<T> {
  readonly next: DriverState;
  /** Networks (uuids) to reconcile; empty when only documents change. */
  readonly scope: ReadonlySet<string>;
  /** Of those networks only these ports (uuids): nothing else of the network is looked at. With the facts that they were chosen by. */
  readonly only?: OnlyPorts | undefined;
  /** Devices that are missing in the pools of networks that start are told, and keep none of them from starting. */
  readonly mayMissDevices?: boolean | undefined;
  /** Told in this order once the change holds. */
  readonly events: readonly DriverEvent[];
  readonly value: T;
}

/** A change that is about single guests. */
export interface OnlyPorts {
  readonly ports: ReadonlySet<string>;
  readonly facts: PortFacts;
}

/** What operations ask of the world. They change nothing: they make the next state from the present one. */
export interface OperationContext {
  readonly facts: () => Promise<HostFacts>;
  /** Cheaper: what single guests depend on; with `vfs` also the virtual functions. */
  readonly portFacts: (options: { readonly vfs: boolean }) => Promise<PortFacts>;
  readonly uuid: () => string;
  /** A random MAC in 52:54:00. */
  readonly mac: () => string;
  /** A name for a device of a guest's on the host: the stem and a number, see `countingNames`. */
  readonly deviceName: (stem: string, isTaken: (name: string) => boolean) => string;
  readonly parsePort: (xml: string, options: { readonly validate?: boolean | undefined }) => Result<NetworkPort>;
  /** A `<networkport>` or a guest's `<interface>`. */
  readonly parsePlug: (xml: string) => Result<PlugDocument>;
  readonly parse: (xml: string, options: ParseOptions) => Result<Network>;
  /** The network as its file will say it, where that is cheaper to tell before than to read afterwards. */
  readonly settle: SettlingCodec['settle'];
}

/** Given the present state, what shall be. Rejects with `VirtnetError` when the rules refuse. */
export type Operation<T> = (state: DriverState, context: OperationContext) => Promise<Change<T>>;

/** A change of documents only. */
export function documentsOnly<T>(next: DriverState, value: T, events: readonly DriverEvent[] = []): Change<T> {
  return { next, scope: new Set(), events, value };
}
