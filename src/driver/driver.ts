import type { Diagnostic } from '../base/diagnostic.ts';
import type { Attachment, PortRecord } from '../compile/port.ts';
import type { ForwardsChange } from '../forwards/edit.ts';
import type { LinkCounters } from '../host/links/counters.ts';
import type { DeviceNode } from '../host/links/device-node.ts';
import type { AwaitedLock } from '../host/lock/lock.ts';
import type { Network } from '../network/network.ts';
import type { LibvirtSection, UpdateCommand } from '../network/update.ts';
import type { Plan } from '../plan/plan.ts';

/** A network by name or by uuid; a bare string is tried as a uuid, then as a name. */
export type NetworkRef = string | { readonly name: string } | { readonly uuid: string };

/** A network as lists show it. */
export interface NetworkInfo {
  readonly name: string;
  readonly uuid: string;
  readonly active: boolean;
  readonly persistent: boolean;
  readonly autostart: boolean;
  /** Absent for networks without a bridge. */
  readonly bridge?: string;
  /** The running definition, or the stored one when it is not running. */
  readonly network: Network;
  /** What a person should know of it: a definition that contradicts itself, what keeps a running network from working. */
  readonly warnings: readonly Diagnostic[];
}

/** Which of the two documents a call is about; `current` is the live one of a running network, else the stored one. */
export type Affect = 'current' | 'live' | 'config' | 'live+config';

/** libvirt's sections of `net-update`. */
export type UpdateSection = LibvirtSection;

export type { UpdateCommand };

/** A change of one section of a network, as libvirt's virNetworkUpdate takes it. */
export interface UpdateRequest {
  /** A number that libvirt knows no section (or command) of is refused in its words. */
  readonly section: UpdateSection | number;
  readonly command: UpdateCommand | number;
  /** Counts all `<ip>` elements from 0; negative: let the section decide. */
  readonly parentIndex: number;
  /** The fragment's XML text. */
  readonly fragment: string;
  readonly affect: Affect;
}

/** Port forwards to take away from a network, and to add to it. */
export interface ForwardsRequest extends ForwardsChange {
  readonly affect: Affect;
}

/** A definition that somebody edited. */
export interface EditRequest {
  /** The document as it is to be. */
  readonly xml: string;
  /** What was edited: as `xml` with `inactive` gave it. */
  readonly was: string;
}

/** A lease of a network's DHCP server. */
export interface Lease {
  /** Device of the network (its bridge). */
  readonly interface: string;
  /** Seconds since the epoch; 0 for a lease without end. */
  readonly expiry: number;
  readonly family: 'ipv4' | 'ipv6';
  readonly mac?: string;
  /** IPv6 identity association. */
  readonly iaid?: string;
  readonly ip: string;
  /** Bits of the subnet's prefix. */
  readonly prefix: number;
  readonly hostname?: string;
  /** Client id (DHCPv4) or DUID (DHCPv6). */
  readonly clientId?: string;
}

/** A virtnetd that runs. */
export interface DaemonInfo {
  readonly version: string;
  /** Its process. */
  readonly pid: number;
}

/** What happened, told after it happened. */
export type DriverEvent =
  | {
      readonly type: 'lifecycle';
      readonly event: 'defined' | 'undefined' | 'started' | 'stopped';
      readonly name: string;
      readonly uuid: string;
      /** Of a start: what was found, and did not keep it from starting. */
      readonly warnings?: readonly Diagnostic[];
    }
  | {
      readonly type: 'metadata';
      readonly name: string;
      readonly uuid: string;
      readonly item: 'title' | 'description' | 'element';
      /** Namespace, for `element`. */
      readonly namespace?: string;
    }
  | { readonly type: 'updated'; readonly name: string; readonly uuid: string }
  | {
      readonly type: 'port';
      readonly event: 'created' | 'deleted';
      readonly name: string;
      readonly uuid: string;
      readonly port: string;
      /** Whose it is, where it says so. */
      readonly guest?: string;
      readonly mac: string;
      /** The device on the host, where virtnet made it. */
      readonly dev?: string;
    }
  | { readonly type: 'repaired'; readonly name: string; readonly uuid: string; readonly plan: Plan };

/** Progress of an apply: called before and after each step. */
export type Progress = (event: { readonly step: number; readonly of: number; readonly key: string; readonly done: boolean }) => void;

/** How a change is made. */
export interface ChangeOptions {
  /** Plan only: nothing is stored or applied. */
  readonly dryRun?: boolean;
  readonly onProgress?: Progress;
  readonly signal?: AbortSignal;
}

/** How damage is looked for. */
export interface RepairOptions extends ChangeOptions {
  /** Lets changes that clients ask for go first, for so many milliseconds at most: for a look that nobody waits for. Default 0. */
  readonly yieldMs?: number;
}

/** How documents are brought up. */
export interface UpOptions extends ChangeOptions {
  /** Guests whose addresses the change takes away are told: their links go down for a second. Without it they learn it when they renew. */
  readonly bounce?: boolean;
}

/** How networks are started. */
export interface StartOptions extends ChangeOptions {
  /** One that runs already is left as it is; without it the call is refused (VND003). */
  readonly skipRunning?: boolean;
}

/** How networks are stopped. */
export interface StopOptions extends ChangeOptions {
  /** One that does not run is left as it is; without it the call is refused (VND003). */
  readonly skipStopped?: boolean;
}

/** What a change did (or, in a dry run, would do). */
export interface ChangeResult {
  readonly plan: Plan;
  readonly applied: boolean;
  readonly networks: readonly NetworkInfo[];
}

/** How a guest's connection fares. */
export interface PortStatus {
  /** Port uuid. */
  readonly port: string;
  /** Its device is there; or the device or the guest's namespace is gone; or somebody else makes the device and nobody told us of it. */
  readonly state: 'there' | 'gone' | 'elsewhere';
  /** For `gone`: what is. */
  readonly gone?: string;
  /** The tap that somebody else made for the guest, where it was found. */
  readonly device?: string;
  /** The node in /dev of a macvtap, and who may open it; absent where /dev has none of it (a container's). */
  readonly node?: DeviceNode;
  /** From the guest's point of view: `rx` is what the guest received. Absent for a virtual function handed over whole. */
  readonly counters?: LinkCounters;
}

/** A guest that was unplugged because it is gone. */
export interface Reaped {
  /** The network's name. */
  readonly network: string;
  readonly port: PortRecord;
  /** What of it was gone. */
  readonly gone: string;
}

/** A request to plug a guest. */
export interface AttachRequest {
  /** A `<interface>` or `<networkport>` document; the fields below override it. */
  readonly document?: string;
  readonly mac?: string;
  readonly portgroup?: string;
  /** `average[,peak[,burst]]` is the CLI's business; here it is the model's. */
  readonly bandwidth?: Network['bandwidth'];
  readonly vlan?: Network['vlan'];
  readonly isolated?: boolean;
  readonly owner?: { readonly name: string; readonly uuid?: string };
  /** Where it goes; device names are chosen when empty. */
  readonly attachment:
    | Attachment
    | { readonly type: 'netns'; readonly netns: string; readonly guestDev?: string; readonly dev?: string }
    | {
        readonly type: 'tap';
        readonly dev?: string;
        readonly multiQueue?: boolean;
        readonly user?: string;
        readonly group?: string;
      };
}

/**
 * The one interface that every face uses. All calls reject with `VirtnetError`; where libvirt has an error for the case, `error.libvirt`
 * carries its code, domain and message. Writing calls take the host's lock, run the loop (compile, observe, plan, apply) and leave the
 * host as it was when they fail.
 */
export interface NetworkDriver extends AsyncDisposable {
  // Load and look up
  list(): Promise<readonly NetworkInfo[]>;
  /** `afterStart`: once a start of it that is under way in this process has ended. */
  get(ref: NetworkRef, options?: { readonly afterStart?: boolean }): Promise<NetworkInfo>;
  /** Stored files that cannot be read (VND005): they are left alone and are no networks until somebody mends them. */
  problems(): Promise<readonly Diagnostic[]>;
  /**
   * What on this host keeps running networks from working though virtnet did its part (VNC013); `source` names the network. All networks
   * without refs.
   */
  warnings(refs?: readonly NetworkRef[]): Promise<readonly Diagnostic[]>;
  /** The host's lock where a change waits for another process to give it back. */
  awaitedLock(): Promise<AwaitedLock | undefined>;
  /** The daemon that this driver is of; undefined where a process works by itself. */
  daemon(): Promise<DaemonInfo | undefined>;
  /** The document as `virsh net-dumpxml` prints it. */
  xml(ref: NetworkRef, options?: { readonly inactive?: boolean }): Promise<string>;

  // Definitions
  /** `networkDefineXML`: stores the document; a running network keeps its live definition until it restarts. */
  define(xml: string, options?: { readonly validate?: boolean }): Promise<NetworkInfo>;
  /** `networkCreateXML`: starts a network without storing it. */
  create(xml: string, options?: { readonly validate?: boolean }): Promise<NetworkInfo>;
  /** Replaces the stored definition, and changes the network as `up` does where it runs. Refused where somebody else changed it meanwhile (VND019). */
  edit(ref: NetworkRef, request: EditRequest, options?: UpOptions): Promise<ChangeResult>;
  undefine(ref: NetworkRef): Promise<void>;
  setAutostart(ref: NetworkRef, autostart: boolean): Promise<void>;
  /** `networkUpdate`: changes one section of the live document, the stored one, or both. */
  update(ref: NetworkRef, request: UpdateRequest, options?: ChangeOptions): Promise<ChangeResult>;
  /** Adds and removes port forwards (docs/howto/forward-ports.md), of a running network at once. */
  changeForwards(ref: NetworkRef, change: ForwardsRequest, options?: ChangeOptions): Promise<ChangeResult>;
  setMetadata(
    ref: NetworkRef,
    item: 'title' | 'description' | 'element',
    value: string | undefined,
    options: { readonly key?: string; readonly uri?: string; readonly affect: Affect },
  ): Promise<void>;
  metadata(
    ref: NetworkRef,
    item: 'title' | 'description' | 'element',
    options: { readonly uri?: string; readonly affect: Affect },
  ): Promise<string>;

  // Running networks
  start(ref: NetworkRef, options?: ChangeOptions): Promise<ChangeResult>;
  /** Several networks are started (or stopped) in one plan. */
  startAll(refs: readonly NetworkRef[], options?: StartOptions): Promise<ChangeResult>;
  stop(ref: NetworkRef, options?: ChangeOptions): Promise<ChangeResult>;
  stopAll(refs: readonly NetworkRef[], options?: StopOptions): Promise<ChangeResult>;
  /** Defines and starts, or changes running networks to these documents: one plan, all or nothing. */
  up(documents: readonly string[], options?: UpOptions): Promise<ChangeResult>;
  /** What differs between what should be and what is; all networks without a ref. Changes nothing. */
  diff(ref?: NetworkRef): Promise<Plan>;
  /** Applies `diff`. */
  repair(ref?: NetworkRef, options?: RepairOptions): Promise<ChangeResult>;
  /** Starts what is marked autostart and not running. Once a boot; later only what could not start then is tried again. */
  autostart(options?: ChangeOptions): Promise<ChangeResult>;

  // Ports
  ports(ref: NetworkRef): Promise<readonly PortRecord[]>;
  /** `networkPortCreateXML`: a port whose device somebody else makes. `reclaim` re-registers one with its plug. */
  createPort(ref: NetworkRef, xml: string, options?: { readonly reclaim?: boolean; readonly validate?: boolean }): Promise<PortRecord>;
  deletePort(ref: NetworkRef, uuid: string): Promise<void>;
  /** `networkPortSetParameters`: a port's bandwidth. */
  setPortBandwidth(ref: NetworkRef, uuid: string, bandwidth: Network['bandwidth'], options?: ChangeOptions): Promise<ChangeResult>;
  attach(
    ref: NetworkRef,
    request: AttachRequest,
    options?: ChangeOptions,
  ): Promise<{ readonly port: PortRecord; readonly change: ChangeResult }>;
  /** Whether the guests' devices are there, and what they carried. Of a stopped network too. */
  portStatus(ref: NetworkRef): Promise<readonly PortStatus[]>;
  /** Unplugs the guests whose network namespace or device is gone; of all networks without a ref. */
  reap(ref?: NetworkRef, options?: ChangeOptions): Promise<{ readonly reaped: readonly Reaped[]; readonly change: ChangeResult }>;
  /** By port uuid, MAC, device name or owner's name. */
  detach(ref: NetworkRef, port: string, options?: ChangeOptions): Promise<ChangeResult>;

  // Leases
  leases(ref: NetworkRef, mac?: string): Promise<readonly Lease[]>;

  // Events
  /** Calls `listener` after each event; returns the function that ends it. */
  on(listener: (event: DriverEvent) => void): () => void;
}

/** The driver of a machine in the process that works on it. */
export interface LocalNetworkDriver extends NetworkDriver {
  /**
   * The same networks with libvirt's rules for the devices of pools, for clients of libvirt: PCI addresses must be those of virtual functions
   * when a document is taken, and a start only warns of what is missing (VNC004).
   */
  withLibvirtsDevices(): NetworkDriver;
  /** Ends what a killed process, or a machine that stopped, left half done of definitions. The next change or autostart does so, too. */
  settle(): Promise<void>;
}
