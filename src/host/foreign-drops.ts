import { firewallBase } from '../compile/firewall-base.ts';
import { commandError, tryRun } from './command.ts';

/** A base chain of somebody else's that may drop what guests send or get through the host. */
export interface ForeignDrop {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** `drop` policy, or a rule that ends in drop or reject, directly or by a jump. */
  readonly how: 'policy' | 'rule';
  /** Devices whose packets the chain accepts in both directions, by rules that name the device. */
  readonly admits: readonly string[];
  /** Whose table it is, where its chains tell. */
  readonly maker?: 'docker' | 'ufw' | 'firewalld';
}

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly type?: string;
  readonly policy?: string;
}

interface Rule {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly expr?: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Base chains on the forward hook, in tables that are not ours, whose policy is drop (Docker, ufw) or which drop or reject without a
 * condition. A packet must be accepted by every table, so our own rules cannot undo it. Rules with conditions are not judged, but for
 * those that accept a device by its name. Only tables with such a chain are read whole.
 * @throws VirtnetError VNH002 where nft is not installed, VNH001 and VNH003 where it refuses.
 */
export async function foreignDrops(): Promise<readonly ForeignDrop[]> {
  const chains = readObjects(await nftJson(['list', 'chains'])).flatMap((o) => o.chain ?? []);
  const tables = new Map(chains.filter(isForeignForward).map((c) => [`${c.family} ${c.table}`, c]));
  const drops = await Promise.all(
    [...tables.values()].map(async ({ family, table }) => judge(await nftJson(['list', 'table', family, table]))),
  );
  return drops.flat();
}

async function nftJson(words: readonly string[]): Promise<string> {
  const result = await tryRun(['nft', '-j', '-s', ...words]);
  if (result.code !== 0) throw commandError(result);
  return result.stdout;
}

function isForeignForward(chain: Chain): boolean {
  return chain.hook === 'forward' && !(chain.family === firewallBase.family && chain.table === firewallBase.table);
}

type Objects = readonly { readonly chain?: Chain; readonly rule?: Rule }[];

function readObjects(json: string): Objects {
  return (JSON.parse(json) as { readonly nftables: Objects }).nftables;
}

/** Reads a ruleset in nft's JSON form. */
export function judge(json: string): readonly ForeignDrop[] {
  const objects = readObjects(json);
  const chains = objects.flatMap((o) => o.chain ?? []);
  const rules = objects.flatMap((o) => o.rule ?? []);
  return chains.filter(isForeignForward).flatMap((c): ForeignDrop[] => {
    const { family, table, name: chain } = c;
    if (c.policy !== 'drop' && !dropsAll(c, rules, new Set())) return [];
    const maker = makerOf(table, chains);
    const how = c.policy === 'drop' ? 'policy' : 'rule';
    return [{ family, table, chain, how, admits: admitted(c, rules), ...(maker === undefined ? {} : { maker }) }];
  });
}

function makerOf(table: string, chains: readonly Chain[]): ForeignDrop['maker'] {
  if (table === 'firewalld') return 'firewalld';
  const has = (test: (name: string) => boolean): boolean => chains.some((c) => c.table === table && test(c.name));
  if (has((name) => name.startsWith('ufw'))) return 'ufw';
  return has((name) => name === 'DOCKER-USER') ? 'docker' : undefined;
}

/** Devices that the chain, or one it jumps to without a condition, accepts packets from and packets to. */
function admitted(chain: ChainName, rules: readonly Rule[]): readonly string[] {
  const from = new Set<string>();
  const to = new Set<string>();
  walk(chain, rules, new Set(), (rule) => {
    const expr = conditions(rule);
    if (!expr.some((e) => 'accept' in e)) return;
    const devices = (key: string): string[] => expr.flatMap((e) => deviceMatched(e, key) ?? []);
    const others = expr.filter(
      (e) => !('accept' in e) && deviceMatched(e, 'iifname') === undefined && deviceMatched(e, 'oifname') === undefined,
    );
    // What comes back to a guest may be limited to answers; what it sends may not.
    if (others.every(isConnectionState)) for (const dev of devices('oifname')) to.add(dev);
    if (others.length === 0 && devices('oifname').length === 0) for (const dev of devices('iifname')) from.add(dev);
  });
  return [...from].filter((dev) => to.has(dev));
}

function deviceMatched(expr: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const match = expr['match'] as { op?: string; left?: { meta?: { key?: string } }; right?: unknown } | undefined;
  const found = match?.op === '==' && match.left?.meta?.key === key ? match.right : undefined;
  return typeof found === 'string' ? found : undefined;
}

function isConnectionState(expr: Readonly<Record<string, unknown>>): boolean {
  const match = expr['match'] as { left?: { ct?: { key?: string } } } | undefined;
  return match?.left?.ct?.key === 'state';
}

interface ChainName {
  readonly family: string;
  readonly table: string;
  readonly name: string;
}

function rulesOf(chain: ChainName, rules: readonly Rule[]): readonly Rule[] {
  return rules.filter((r) => r.family === chain.family && r.table === chain.table && r.chain === chain.name);
}

/** A rule without its counters and logs, which are no conditions. */
function conditions(rule: Rule): readonly Readonly<Record<string, unknown>>[] {
  return (rule.expr ?? []).filter((e) => !('counter' in e) && !('log' in e));
}

/** Visits a chain's rules and those of chains that it jumps to without a condition. */
function walk(chain: ChainName, rules: readonly Rule[], seen: Set<string>, visit: (rule: Rule) => void): void {
  if (seen.has(chain.name)) return;
  seen.add(chain.name);
  for (const rule of rulesOf(chain, rules)) {
    visit(rule);
    const [only, ...others] = conditions(rule);
    const jump = (only?.['jump'] ?? only?.['goto']) as { readonly target?: string } | undefined;
    if (others.length === 0 && jump?.target !== undefined) walk({ ...chain, name: jump.target }, rules, seen, visit);
  }
}

/** True when a chain has an unconditional drop or reject, in itself or where it jumps to without a condition. */
function dropsAll(chain: ChainName, rules: readonly Rule[], seen: Set<string>): boolean {
  if (seen.has(chain.name)) return false;
  seen.add(chain.name);
  for (const rule of rulesOf(chain, rules)) {
    const [only, ...others] = conditions(rule);
    if (only === undefined || others.length > 0) continue;
    if ('accept' in only) return false;
    if ('drop' in only || 'reject' in only) return true;
    const jump = (only['jump'] ?? only['goto']) as { readonly target?: string } | undefined;
    if (jump?.target !== undefined && dropsAll({ ...chain, name: jump.target }, rules, seen)) return true;
  }
  return false;
}
