import { VirtnetError } from '../../src/base/errors.ts';
import type { HostFacts, LinkFact, VfFact } from '../../src/compile/facts.ts';
import type { HostState, Resource } from '../../src/compile/host-state.ts';
import type { Host } from '../../src/host/host.ts';
import type { Step } from '../../src/plan/plan.ts';

/** A host that is a map, for the driver's own tests; what a machine does with the steps is tested elsewhere. */
export interface MemoryHost extends Host {
  /** What is there now, by key. */
  readonly state: Map<string, Resource>;
  readonly links: Map<string, LinkFact>;
  readonly vfs: VfFact[];
  /** The purposes for which the lock was taken. */
  readonly locks: string[];
  /** The step (by its key) that the host refuses, until it is taken out again. */
  readonly refuses: Set<string>;
}

export function memoryHost(folder: string): MemoryHost {
  const state = new Map<string, Resource>();
  const links = new Map<string, LinkFact>([['lo', { name: 'lo', type: '' }]]);
  const vfs: VfFact[] = [];
  const locks: string[] = [];
  const refuses = new Set<string>();
  const paths = { runDir: `${folder}/run`, stateDir: `${folder}/state`, leaseScript: `${folder}/run/lease-script` };
  let held = Promise.resolve();
  const facts = (): HostFacts => {
    const own = [...state.values()].flatMap((r): LinkFact[] =>
      r.kind === 'link'
        ? [{ name: r.name, type: r.spec.type, alias: `virtnet:${r.owner.network}${r.owner.port === undefined ? '' : `:${r.owner.port}`}` }]
        : [],
    );
    return {
      links: new Map([...links, ...own.map((l): [string, LinkFact] => [l.name, l])]),
      routes: [],
      vfs,
      capabilities: {
        vlanFiltering: true,
        sfq: false,
        fqCodel: false,
        police: false,
        csum: false,
        openvswitch: false,
        firewalld: false,
        resolved: false,
      },
      paths,
    };
  };
  const carryOut = (step: Step): void => {
    if (refuses.has(step.key)) throw new VirtnetError({ code: 'VNP001', message: `${step.key}: refused`, details: { key: step.key } });
    if (step.after !== undefined) state.set(step.key, step.after);
    else {
      state.delete(step.key);
      if (step.before?.kind === 'link') goWithLink(state, step.before.name);
    }
  };
  return {
    state,
    links,
    vfs,
    locks,
    refuses,
    paths,
    facts: () => Promise.resolve(facts()),
    observe: ({ networks, desired }) => Promise.resolve(new Map([...state].filter(([key, r]) => matters(key, r, networks, desired)))),
    execute: async (steps, options = {}) => {
      for (const [index, step] of steps.entries()) {
        options.onStep?.(index, false);
        carryOut(step);
        options.onStep?.(index, true);
      }
    },
    lock: async (purpose) => {
      locks.push(purpose);
      const before = held;
      let release: () => void = () => undefined;
      held = new Promise((resolve) => {
        release = resolve;
      });
      await before;
      return { [Symbol.asyncDispose]: async () => release() };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** The kernel takes with a link what is on it. */
function goWithLink(state: Map<string, Resource>, dev: string): void {
  for (const [key, resource] of state) {
    const on = 'dev' in resource ? resource.dev === dev : resource.kind === 'sysctl' && resource.path.includes(`/${dev}/`);
    if (on) state.delete(key);
  }
}

function matters(key: string, resource: Resource, networks: ReadonlySet<string> | 'all', desired: HostState): boolean {
  if (resource.owner === undefined || desired.has(key)) return true;
  return networks === 'all' || networks.has(resource.owner.network);
}
