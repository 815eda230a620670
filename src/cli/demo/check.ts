import { Agent } from '../../host/tools/agent.ts';
import { isManaged, type Network } from '../../network/network.ts';
import { ping, type GuestState } from './guest.ts';
import type { ProbeAnswer, ProbeRequest } from './probe.ts';
import { natPool, type Stage } from './stage.ts';

/** One line of the picture: what was tried, and whether it came out as the network promises. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  /** What was seen. */
  readonly seen: string;
}

/** The port that the probes listen on. */
const PORT = 7070;
const TIMEOUT_MS = 1500;

/** A probe in a namespace of the demo. */
export class Probe {
  readonly #agent: Agent;

  constructor(netns: string) {
    this.#agent = new Agent(['ip', 'netns', 'exec', netns, process.execPath, process.argv[1] ?? '', '__probe']);
  }

  async ask(request: ProbeRequest): Promise<ProbeAnswer> {
    return (await this.#agent.ask(request)) as ProbeAnswer;
  }

  connect(host: string): Promise<ProbeAnswer> {
    return this.ask({ do: 'connect', host, port: PORT, timeoutMs: TIMEOUT_MS });
  }

  listen(): Promise<ProbeAnswer> {
    return this.ask({ do: 'listen', port: PORT });
  }

  close(): Promise<void> {
    return this.#agent.close();
  }
}

export interface CheckScene {
  readonly network: Network;
  readonly stage: Stage;
  readonly guests: readonly [GuestState, GuestState];
  readonly probes: readonly [Probe, Probe];
  readonly outside: Probe;
}

/** What each mode promises: whether guests reach the outside, whether it reaches them, and under which address they appear. */
interface Reachability {
  readonly out: boolean;
  readonly in: boolean;
  readonly appears: 'own' | 'host' | 'pool';
}

/** The promise of a network for a family. IPv6 of a NAT network is routed unless its `<nat ipv6='yes'>` says otherwise. */
function promiseOf(network: Network, family: 'ipv4' | 'ipv6'): Reachability {
  switch (network.forward.mode) {
    case 'nat':
      if (family === 'ipv6' && network.forward.nat?.ipv6 !== true) return { out: true, in: true, appears: 'own' };
      return { out: true, in: false, appears: family === 'ipv4' && network.forward.nat?.addressStart !== undefined ? 'pool' : 'host' };
    case 'none':
      return { out: false, in: false, appears: 'own' };
    case 'route':
    case 'open':
    case 'bridge':
    case 'private':
    case 'vepa':
    case 'passthrough':
    case 'hostdev':
      return { out: true, in: true, appears: 'own' };
  }
}

/** Sends the packets and says what came of them, in the order of the picture. */
export async function runChecks(scene: CheckScene): Promise<readonly Check[]> {
  const groups = await Promise.all([betweenGuests(scene), reach(scene, 'ipv4'), reach(scene, 'ipv6'), names(scene)]);
  return groups.flat();
}

/** The addresses of a guest in a family, without those it does not have. */
function addressOf(guest: GuestState, family: 'ipv4' | 'ipv6'): string | undefined {
  return family === 'ipv4' ? guest.ipv4 : guest.ipv6[0];
}

async function betweenGuests(scene: CheckScene): Promise<Check[]> {
  const [a, b] = scene.guests;
  const apart = scene.network.portIsolated === true;
  const checks: Check[] = [];
  for (const family of ['ipv4', 'ipv6'] as const) {
    const to = addressOf(b, family);
    if (to === undefined) continue;
    const ms = await ping(a.name, to);
    const seen = ms === undefined ? `no answer from ${to}` : `ping ${to}: ${ms.toFixed(2)} ms`;
    checks.push({
      name: `${a.name} -> ${b.name}`,
      ok: (ms === undefined) === apart,
      seen: apart && ms === undefined ? `${seen} (ports are isolated)` : seen,
    });
  }
  return checks;
}

async function reach(scene: CheckScene, family: 'ipv4' | 'ipv6'): Promise<Check[]> {
  const [guest] = scene.guests;
  const [probe] = scene.probes;
  const own = addressOf(guest, family);
  if (own === undefined) return [];
  const { stage, network } = scene;
  const promise = promiseOf(network, family);
  const outsideAddress = family === 'ipv4' ? stage.outside4 : stage.outside6;
  const hostAddress = family === 'ipv4' ? stage.host4 : stage.host6;
  const [out, back] = [await probe.connect(outsideAddress), await scene.outside.connect(own)];
  return [
    { name: `${guest.name} -> outside`, ...judgeOut(out, promise, { own, host: hostAddress, pool: natPool(network), to: outsideAddress }) },
    {
      name: `outside -> ${guest.name}`,
      ok: back.ok === promise.in,
      seen: back.ok ? `TCP to ${own} arrives` : `TCP to ${own}: ${refusal(back.error)}`,
    },
  ];
}

function judgeOut(
  answer: ProbeAnswer,
  promise: Reachability,
  at: { readonly own: string; readonly host: string; readonly pool: readonly string[]; readonly to: string },
): Pick<Check, 'ok' | 'seen'> {
  if (!answer.ok) return { ok: !promise.out, seen: `TCP to ${at.to}: ${refusal(answer.error)}${promise.out ? '' : ' (by design)'}` };
  const saw = answer.saw ?? '';
  const as =
    saw === at.own
      ? "the guest's own address"
      : saw === at.host
        ? "the host's address"
        : at.pool.includes(saw)
          ? 'an address of the NAT range'
          : 'an unexpected address';
  const right = promise.appears === 'own' ? saw === at.own : promise.appears === 'host' ? saw === at.host : at.pool.includes(saw);
  return { ok: promise.out && right, seen: `TCP to ${at.to} arrives from ${saw}, ${as}` };
}

function refusal(error: string): string {
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'refused',
    EHOSTUNREACH: 'refused (host unreachable)',
    ENETUNREACH: 'no way there',
    EACCES: 'refused (prohibited)',
    TIMEOUT: 'no answer',
  };
  return words[error] ?? error;
}

/** Guests' names as the network's resolver knows them, asked from the other guest. */
async function names(scene: CheckScene): Promise<Check[]> {
  const [a, b] = scene.guests;
  const server = a.dns ?? a.router;
  if (
    b.ipv4 === undefined ||
    b.lease === undefined ||
    server === undefined ||
    scene.network.dns?.enable === false ||
    !isManaged(scene.network)
  )
    return [];
  const domain = scene.network.domain?.name;
  const full = domain === undefined ? b.name : `${b.name}.${domain}`;
  const forward = await scene.probes[0].ask({ do: 'resolve', name: full, server, type: 'A' });
  const reverse = await scene.probes[0].ask({ do: 'resolve', name: b.ipv4, server, type: 'PTR' });
  const list = (answer: ProbeAnswer): string => (answer.ok ? (answer.answers ?? []).join(', ') : answer.error);
  return [
    { name: `DNS ${full}`, ok: forward.ok && (forward.answers ?? []).includes(b.ipv4), seen: list(forward) },
    { name: `DNS ${b.ipv4}`, ok: reverse.ok && (reverse.answers ?? []).includes(full), seen: list(reverse) },
  ];
}
