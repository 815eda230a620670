import { firewallBase } from '../compile/firewall-base.ts';
import { commandError, tryRun } from './command.ts';

/** A base chain of somebody else's that may drop what guests send or get through the host. */
export interface ForeignDrop {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** `drop` policy, or a rule that ends in drop or reject, directly or by a jump. */
  readonly how: 'policy' | 'rule';
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
 * condition. A packet must be accepted by every table, so our own rules cannot undo it. Rules with conditions are not judged.
 * @throws VirtnetError VNH002 where nft is not installed.
 */
export async function foreignDrops(): Promise<readonly ForeignDrop[]> {
  const result = await tryRun(['nft', '-j', '-s', 'list', 'ruleset']);
  if (result.code !== 0) throw commandError(result);
  return judge(result.stdout);
}

/** Reads a ruleset in nft's JSON form. */
export function judge(json: string): readonly ForeignDrop[] {
  const { nftables } = JSON.parse(json) as { readonly nftables: readonly { readonly chain?: Chain; readonly rule?: Rule }[] };
  const chains = nftables.flatMap((o) => o.chain ?? []);
  const rules = nftables.flatMap((o) => o.rule ?? []);
  return chains
    .filter((c) => c.hook === 'forward' && !(c.family === firewallBase.family && c.table === firewallBase.table))
    .flatMap((c): ForeignDrop[] => {
      const { family, table, name: chain } = c;
      if (c.policy === 'drop') return [{ family, table, chain, how: 'policy' }];
      return dropsAll(c, rules, new Set()) ? [{ family, table, chain, how: 'rule' }] : [];
    });
}

/** True when a chain has an unconditional drop or reject, in itself or where it jumps to without a condition. */
function dropsAll(
  chain: { readonly family: string; readonly table: string; readonly name: string },
  rules: readonly Rule[],
  seen: Set<string>,
): boolean {
  if (seen.has(chain.name)) return false;
  seen.add(chain.name);
  const own = rules.filter((r) => r.family === chain.family && r.table === chain.table && r.chain === chain.name);
  for (const rule of own) {
    // A counter or a log is no condition.
    const expr = (rule.expr ?? []).filter((e) => !('counter' in e) && !('log' in e));
    const [only, ...others] = expr;
    if (only === undefined || others.length > 0) continue;
    if ('accept' in only) return false;
    if ('drop' in only || 'reject' in only) return true;
    const jump = (only['jump'] ?? only['goto']) as { readonly target?: string } | undefined;
    if (jump?.target !== undefined && dropsAll({ ...chain, name: jump.target }, rules, seen)) return true;
  }
  return false;
}
