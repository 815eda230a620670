import type { HostFacts, HostPaths } from '../../src/compile/facts.ts';
import { hostState } from '../../src/compile/host-state.ts';
import type { DnsmasqResource, HostState, Resource } from '../../src/compile/host-state.ts';
import type { Step } from '../../src/plan/plan.ts';
import { VirtnetError } from '../../src/base/errors.ts';
import type { ForeignChain } from '../../src/host/firewall/foreign-chains.ts';
import type { Host } from '../../src/host/host.ts';
import type { Listener } from '../../src/host/system/listeners.ts';
import { isOfPorts } from '../../src/host/observe.ts';

export interface FakeHostOptions {
  readonly facts?: Partial<Omit<HostFacts, 'paths'>>;
  readonly paths?: HostPaths;
  /** What is there at first. */
  readonly state?: HostState;
  readonly foreignChains?: readonly ForeignChain[];
  readonly listeners?: readonly Listener[];
  /** Asked before each step; an error makes it fail. */
  readonly fail?: (step: Step, index: number) => Error | undefined;
}

/** A host in memory, with a window on what it holds. */
export interface FakeHost extends Host {
  /** All that is there, as plain resources. A test may change it: that is drift. */
  readonly resources: Map<string, Resource>;
  fail: ((step: Step, index: number) => Error | undefined) | undefined;
}

const NOTHING: Omit<HostFacts, 'paths'> = {
  links: new Map(),
  routes: [],
  vfs: [],
  capabilities: {
    vlanFiltering: true,
    csum: true,
    openvswitch: false,
    midonet: false,
    vdp: false,
    firewalld: undefined,
    resolved: false,
  },
};

/** A machine that is only a map of resources, for tests of plans: what was executed is what is observed. */
export function fakeHost(options: FakeHostOptions = {}): FakeHost {
  const paths = options.paths ?? { runDir: '/run/virtnet', stateDir: '/var/lib/virtnet', leaseScript: '/usr/libexec/virtnet-lease' };
  const resources = new Map(options.state);
  let tail: Promise<void> = Promise.resolve();
  const host: FakeHost = {
    paths,
    resources,
    fail: options.fail,
    facts: () => Promise.resolve({ ...NOTHING, ...options.facts, paths }),
    portFacts: () => host.facts(),
    counters: () => Promise.resolve(new Map()),
    deviceNodes: () => Promise.resolve(new Map()),
    observe: ({ networks, ports, desired }) => {
      const isWanted = (r: Resource): boolean => {
        if (ports) return isOfPorts(r, ports, desired);
        if (r.kind === 'firewall-base') return true;
        if (r.owner === undefined || r.kind === 'sysctl') return desired.has(`sysctl ${r.kind === 'sysctl' ? r.path : ''}`);
        return networks === 'all' || networks.has(r.owner.network);
      };
      return Promise.resolve(hostState([...resources.values()].filter(isWanted).map(asObserved)));
    },
    execute: (steps, given = {}) => {
      for (const [index, step] of steps.entries()) {
        try {
          given.signal?.throwIfAborted();
          given.onStep?.(index, false);
          const failure = host.fail?.(step, index);
          if (failure) throw failure;
          carryOut(step, steps, resources);
          given.onStep?.(index, true);
        } catch (error) {
          return Promise.reject(failed(step, index, error));
        }
      }
      return Promise.resolve();
    },
    foreignChains: () => Promise.resolve(options.foreignChains ?? []),
    listeners: () => Promise.resolve(options.listeners ?? []),
    lock: async () => {
      const before = tail;
      let release = (): void => undefined;
      tail = new Promise((resolve) => {
        release = resolve;
      });
      await before;
      return {
        [Symbol.asyncDispose]: () => {
          release();
          return Promise.resolve();
        },
      };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return host;
}

function asObserved(r: Resource): Resource {
  return r.kind === 'dnsmasq' ? { ...r, process: r.process ?? 'current', hostsLoaded: r.hostsLoaded ?? true } : r;
}

function carryOut(step: Step, steps: readonly Step[], resources: Map<string, Resource>): void {
  const { before, after } = step;
  if (step.op !== 'delete' && after) {
    resources.set(step.key, after.kind === 'dnsmasq' ? freshlyStarted(after) : after);
    return;
  }
  if (before?.kind === 'sysctl') return; // a sysctl is set, never unset
  if (before?.kind === 'firewall-base' && isBaseShared(steps, resources)) return;
  resources.delete(step.key);
  if (before?.kind === 'link') for (const [key, r] of resources) if (diesWith(r, before.name)) resources.delete(key);
}

function freshlyStarted(r: DnsmasqResource): DnsmasqResource {
  return { kind: r.kind, owner: r.owner, bridge: r.bridge, conf: r.conf, hosts: r.hosts, addnHosts: r.addnHosts };
}

/** True when rules of a network stay that these steps do not take away: the shared part then stays too. */
function isBaseShared(steps: readonly Step[], resources: ReadonlyMap<string, Resource>): boolean {
  const going = new Set(steps.filter((s) => s.op === 'delete').map((s) => s.key));
  return [...resources].some(([key, r]) => r.kind === 'firewall' && !going.has(key));
}

/** What the kernel removes together with a device. */
function diesWith(r: Resource, dev: string): boolean {
  if (r.kind === 'bridge-port' && r.bridge === dev) return true;
  if (r.kind === 'sysctl') return r.path.split('/').includes(dev);
  return 'dev' in r && r.dev === dev && r.kind !== 'zone' && r.kind !== 'resolved' && r.kind !== 'ovs-port';
}

function failed(step: Step, index: number, cause: unknown): VirtnetError {
  const words = cause instanceof Error ? cause.message : String(cause);
  return new VirtnetError({
    code: 'VNP001',
    message: `could not ${step.op} ${step.key}: ${words}`,
    details: { step: index, key: step.key, op: step.op },
    cause,
  });
}
