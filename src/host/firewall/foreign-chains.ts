import { firewallBase } from '../../compile/firewall-base.ts';
import { commandError, tryRun } from '../tools/command.ts';

/** A base chain of somebody else's that sees guests' packets, with the rules of its table. */
export interface ForeignChain {
  /** nft's: `ip`, `ip6`, `inet`. */
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook: Hook;
  /** What comes of a packet that no rule decides. */
  readonly policy: 'accept' | 'drop';
  /** Rules of the table by the names of their chains, in order; each rule is a list of nft's expressions (libnftables-json(5)). */
  readonly rules: ReadonlyMap<string, readonly (readonly Expression[])[]>;
  /** Of a table of iptables-legacy, which nft neither sees nor changes. */
  readonly isLegacy?: true;
  /** Whose table it is, where its chains tell. */
  readonly maker?: 'docker' | 'ufw' | 'firewalld';
}

export type Hook = 'input' | 'forward';
export type Expression = Readonly<Record<string, unknown>>;

interface Chain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly policy?: string;
}

interface Rule {
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  readonly expr?: readonly Expression[];
}

/**
 * Base chains of tables that are not ours, on the hooks that guests' packets pass: through this host, or to it. A packet must be accepted
 * by every table, so our own rules cannot undo what these drop. iptables' chains are among them where it is iptables-nft. Only tables with
 * such a chain are read whole.
 * @throws VirtnetError VNH002 where nft is not installed, VNH001 and VNH003 where it refuses.
 */
export async function foreignChains(): Promise<readonly ForeignChain[]> {
  const chains = readObjects(await nftJson(['list', 'chains'])).flatMap((o) => o.chain ?? []);
  const tables = new Map(chains.filter(isForeign).map((c) => [`${c.family} ${c.table}`, c]));
  const read = await Promise.all(
    [...tables.values()].map(async ({ family, table }) => readForeignChains(await nftJson(['list', 'table', family, table]))),
  );
  return read.flat();
}

async function nftJson(words: readonly string[]): Promise<string> {
  const result = await tryRun(['nft', '-j', '-s', '-p', ...words]);
  if (result.code !== 0) throw commandError(result);
  return result.stdout;
}

function isForeign(chain: Chain): chain is Chain & { readonly hook: Hook } {
  const isPassed = chain.hook === 'forward' || chain.hook === 'input';
  // On the hooks of a bridge or a device a frame is seen, not a packet.
  const isOfPackets = chain.family === 'ip' || chain.family === 'ip6' || chain.family === 'inet';
  return isPassed && isOfPackets && !(chain.family === firewallBase.family && chain.table === firewallBase.table);
}

type Objects = readonly { readonly chain?: Chain; readonly rule?: Rule }[];

function readObjects(json: string): Objects {
  return (JSON.parse(json) as { readonly nftables: Objects }).nftables;
}

/** Reads tables in nft's JSON form. */
export function readForeignChains(json: string): readonly ForeignChain[] {
  const objects = readObjects(json);
  const chains = objects.flatMap((o) => o.chain ?? []);
  const rules = objects.flatMap((o) => o.rule ?? []);
  return chains.filter(isForeign).map(({ family, table, name, hook, policy }): ForeignChain => {
    const isOfTable = (o: { readonly family: string; readonly table: string }): boolean => o.family === family && o.table === table;
    const maker = makerOf(table, chains.filter(isOfTable));
    return {
      family,
      table,
      name,
      hook,
      policy: policy === 'drop' ? 'drop' : 'accept',
      rules: byChain(rules.filter(isOfTable)),
      ...(maker === undefined ? {} : { maker }),
    };
  });
}

function byChain(rules: readonly Rule[]): ForeignChain['rules'] {
  const found = new Map<string, (readonly Expression[])[]>();
  for (const { chain, expr = [] } of rules) {
    const those = found.get(chain);
    if (those) those.push(expr);
    else found.set(chain, [expr]);
  }
  return found;
}

/** Who makes tables with such chains, as far as names tell. */
export function makerOf(table: string, chains: readonly { readonly name: string }[]): ForeignChain['maker'] {
  if (table === 'firewalld') return 'firewalld';
  if (chains.some(({ name }) => name.startsWith('ufw'))) return 'ufw';
  return chains.some(({ name }) => name === 'DOCKER-USER') ? 'docker' : undefined;
}
