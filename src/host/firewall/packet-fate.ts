import { contains, overlaps, parseSubnet, type Family, type Subnet } from '../../inet/index.ts';
import type { Expression, ForeignChain } from './foreign-chains.ts';
import { IP_PROTOCOLS, type IpProtocol } from './ip-protocols.ts';

/** What is known of a packet; a condition on what is not known is in doubt. */
export interface Packet {
  readonly family: Family;
  /** The devices it comes in and leaves by. */
  readonly iifname?: string;
  readonly oifname?: string;
  readonly source?: Subnet;
  readonly protocol?: IpProtocol;
  /** The port it goes to. */
  readonly port?: number;
  /** It belongs to a connection that is let through already. */
  readonly isAnswer: boolean;
}

/** What becomes of a packet in a base chain: it passes, or is dropped or rejected by a rule or by the policy. */
export type Fate = 'pass' | 'rule' | 'policy';

/**
 * Follows a packet through a base chain and those it jumps to. Conditions that cannot be told (marks, sets, rates, xtables matches, whose
 * words nft's JSON does not give) count as not met, with two exceptions that firewalls are full of: a `return` spares the packet what
 * follows, and a rule that accepts what goes by the packet's device is about this packet.
 */
export function fateOf(chain: ForeignChain, packet: Packet): Fate {
  if (chain.family !== 'inet' && chain.family !== (packet.family === 'ipv4' ? 'ip' : 'ip6')) return 'pass';
  const verdict = walk(chain, chain.name, packet, 0);
  if (verdict === 'drop') return 'rule';
  return verdict === 'accept' || chain.policy === 'accept' ? 'pass' : 'policy';
}

type Verdict = 'accept' | 'drop' | 'return';

/** The kernel's own limit of jumps in jumps (NFT_JUMP_STACK_SIZE). */
const DEEPEST = 16;

function walk(chain: ForeignChain, name: string, packet: Packet, depth: number): Verdict {
  if (depth > DEEPEST) return 'return';
  for (const rule of chain.rules.get(name) ?? []) {
    const verdict = verdictOf(rule);
    if (verdict === undefined || !applies(rule, verdict, packet)) continue;
    if ('jump' in verdict || 'goto' in verdict) {
      const { target = '' } = (verdict['jump'] ?? verdict['goto']) as { readonly target?: string };
      const result = walk(chain, target, packet, depth + 1);
      if (result !== 'return' || 'goto' in verdict) return result;
    } else if ('return' in verdict) return 'return';
    else return 'accept' in verdict ? 'accept' : 'drop';
  }
  return 'return';
}

/** The statement of a rule that decides. iptables-nft writes a reject as a target of xtables. */
function verdictOf(rule: readonly Expression[]): Expression | undefined {
  return rule.find((e) => VERDICTS.some((v) => v in e) || (xt(e)?.type === 'target' && xt(e)?.name === 'REJECT'));
}

const VERDICTS = ['accept', 'drop', 'reject', 'jump', 'goto', 'return'];

interface Xt {
  readonly type?: string;
  readonly name?: string;
}

function xt(e: Expression): Xt | undefined {
  return 'xt' in e ? ((e['xt'] ?? {}) as Xt) : undefined;
}

function applies(rule: readonly Expression[], verdict: Expression, packet: Packet): boolean {
  const conditions = rule.slice(0, rule.indexOf(verdict)).map((e) => holds(e, packet));
  if (conditions.includes(false)) return false;
  if (!conditions.includes(undefined)) return true;
  return 'return' in verdict || ('accept' in verdict && rule.some((e) => matchedDevice(e) !== undefined && holds(e, packet) === true));
}

/** True or false where it can be told; statements that are no conditions are true. */
function holds(e: Expression, packet: Packet): boolean | undefined {
  if ('match' in e) return matches(e['match'] as Match, packet);
  if ('limit' in e || 'vmap' in e) return undefined;
  const { type, name } = xt(e) ?? {};
  if (type !== 'match' || name === 'comment') return true;
  // In front of an accept it is about connections that are there.
  if ((name === 'conntrack' || name === 'state') && packet.isAnswer) return true;
  return undefined;
}

interface Match {
  readonly op: string;
  readonly left: {
    readonly meta?: { readonly key: string };
    readonly ct?: { readonly key: string };
    readonly payload?: { readonly protocol?: string; readonly field?: string };
  };
  readonly right: unknown;
}

function matchedDevice(e: Expression): string | undefined {
  const key = (e['match'] as Match | undefined)?.left.meta?.key;
  return key === 'iifname' || key === 'oifname' || key === 'iif' || key === 'oif' ? key : undefined;
}

function matches({ op, left, right }: Match, packet: Packet): boolean | undefined {
  const is = isOne(left, right, packet);
  if (op === '==' || op === 'in') return is;
  return op === '!=' && is !== undefined ? !is : undefined;
}

/** True when the packet's field is the value, or one of the values, on the right. */
function isOne({ meta, ct, payload }: Match['left'], right: unknown, packet: Packet): boolean | undefined {
  if (ct?.key === 'state') return among(packet.isAnswer ? 'established' : 'new', right);
  switch (meta?.key) {
    case 'iif':
    case 'iifname':
      return among(packet.iifname, right);
    case 'oif':
    case 'oifname':
      return among(packet.oifname, right);
    case 'nfproto':
      return among(packet.family, right);
    case 'l4proto':
      return amongProtocols(packet.protocol, right);
    case undefined:
    default:
      break;
  }
  const { protocol, field } = payload ?? {};
  if (protocol === undefined) return undefined;
  if (protocol === 'ip' || protocol === 'ip6') {
    if ((protocol === 'ip') !== (packet.family === 'ipv4')) return false;
    if (field === 'saddr') return within(packet.source, right);
    return field === 'protocol' || field === 'nexthdr' ? amongProtocols(packet.protocol, right) : undefined;
  }
  if (packet.protocol === undefined) return undefined;
  if (protocol !== packet.protocol && protocol !== 'th') return false;
  return field === 'dport' ? among(packet.port, right) : undefined;
}

/** nft has been asked for numbers, iptables writes names. */
function amongProtocols(protocol: IpProtocol | undefined, right: unknown): boolean | undefined {
  const numbers: Readonly<Record<string, number>> = IP_PROTOCOLS;
  return among(
    protocol && IP_PROTOCOLS[protocol],
    values(right).map((one) => (typeof one === 'string' ? (numbers[one] ?? one) : one)),
  );
}

/** The values on the right of a match: one, a list, or a set without a name. */
function values(right: unknown): readonly unknown[] {
  if (Array.isArray(right)) return right as readonly unknown[];
  const { set } = (typeof right === 'object' && right !== null ? right : {}) as { readonly set?: unknown };
  return Array.isArray(set) ? (set as readonly unknown[]) : [right];
}

/** One of several where one is it; none where all are others; else in doubt. */
function any(answers: readonly (boolean | undefined)[]): boolean | undefined {
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

function among(value: string | number | undefined, right: unknown): boolean | undefined {
  if (value === undefined) return undefined;
  return any(
    values(right).map((one) => {
      if (typeof one === 'number') return one === value;
      if (typeof one === 'string') {
        if (one.startsWith('@')) return undefined;
        return one.endsWith('*') ? String(value).startsWith(one.slice(0, -1)) : one === String(value);
      }
      const { range } = (one ?? {}) as { readonly range?: readonly unknown[] };
      const [from, to] = range ?? [];
      return typeof from === 'number' && typeof to === 'number' && typeof value === 'number' ? value >= from && value <= to : undefined;
    }),
  );
}

/** True where the whole subnet is meant, false where no address of it is. */
function within(source: Subnet | undefined, right: unknown): boolean | undefined {
  if (!source) return undefined;
  return any(
    values(right).map((one) => {
      const { prefix } = (typeof one === 'object' && one !== null ? one : {}) as { prefix?: { addr?: string; len?: number } };
      const text = prefix ? `${prefix.addr ?? ''}/${String(prefix.len)}` : one;
      const meant = typeof text === 'string' ? parseSubnet(text) : undefined;
      if (!meant) return undefined;
      if (!overlaps(meant, source)) return false;
      return meant.prefix <= source.prefix && contains(meant, source) ? true : undefined;
    }),
  );
}
