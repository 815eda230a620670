import type { LinkFact, VfFact } from '../../src/compile/facts.ts';
import type { Resource } from '../../src/compile/host-state.ts';
import { fakeHost } from './fake-host.ts';
import type { Host } from '../../src/host/host.ts';

/** A host in memory whose links and cards a test can change while it is in use. */
export interface MemoryHost extends Host {
  /** What is there now, by key. */
  readonly state: Map<string, Resource>;
  /** Links of the host's own. */
  readonly links: Map<string, LinkFact>;
  readonly vfs: VfFact[];
  /** The purposes for which the lock was taken. */
  readonly locks: string[];
  /** Steps (by key) that the host refuses. */
  readonly refuses: Set<string>;
}

export function memoryHost(folder: string): MemoryHost {
  const links = new Map<string, LinkFact>([['lo', { name: 'lo', type: '' }]]);
  const vfs: VfFact[] = [];
  const locks: string[] = [];
  const refuses = new Set<string>();
  const host = fakeHost({
    paths: { runDir: `${folder}/run`, stateDir: `${folder}/state`, leaseScript: `${folder}/lease-script` },
    facts: {
      get links() {
        return new Map([...links, ...[...host.resources.values()].flatMap(linkOf)]);
      },
      vfs,
    },
    fail: (step) => (refuses.has(step.key) ? new Error(`${step.key}: refused`) : undefined),
  });
  return {
    ...host,
    state: host.resources,
    links,
    vfs,
    locks,
    refuses,
    lock: (purpose, options) => {
      locks.push(purpose);
      return host.lock(purpose, options);
    },
  };
}

function linkOf(resource: Resource): [string, LinkFact][] {
  if (resource.kind !== 'link') return [];
  const { network, port } = resource.owner;
  const alias = `virtnet:${network}${port === undefined ? '' : `:${port}`}`;
  return [[resource.name, { name: resource.name, type: resource.spec.type, alias }]];
}
