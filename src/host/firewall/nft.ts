import { firewallBase, type FirewallBase } from '../../compile/firewall-base.ts';
import { resourceKey } from '../../compile/host-state.ts';
import type { FirewallBaseResource, FirewallResource } from '../../compile/host-state.ts';
import { commandError, run, tryRun } from '../tools/command.ts';
import { StepFailure } from '../handler.ts';
import type { HostTools, Look } from '../handler.ts';
import { nftScript } from './nft-script.ts';
import type { FirewallStep } from './nft-script.ts';
import { parseTable } from './nft-text.ts';
import type { ListedChain, ListedTable } from './nft-text.ts';

const CHAIN_OF = /^n_([0-9a-f]{8}_[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{4}_[0-9a-f]{12})_/;

/** What the table `inet virtnet` holds: the shared part with what of it is damaged, and each network's chains and elements. */
export function observeFirewall(table: ListedTable | undefined, look: Look): readonly (FirewallBaseResource | FirewallResource)[] {
  if (!table) return [];
  return [readBase(table), ...readNetworks(table, look)];
}

/** Our table as it is; undefined when it is not there. @throws VirtnetError VNH002 where nft is not installed, VNH003 without permission. */
export async function listTable(): Promise<ListedTable | undefined> {
  const result = await tryRun(['nft', '-s', '-p', 'list', 'table', firewallBase.family, firewallBase.table], { gathered: true });
  if (result.code === 0) return parseTable(result.stdout);
  if (/No such file or directory/.test(result.stderr)) return undefined;
  throw commandError(result);
}

function readBase(table: ListedTable): FirewallBaseResource {
  const damage: Record<string, 'dormant' | 'missing' | 'changed'> = table.isDormant ? { table: 'dormant' } : {};
  for (const { name, type } of firewallBase.maps) {
    const listed = table.maps.find((map) => map.name === name);
    if (listed?.type !== type) damage[`map ${name}`] = listed ? 'changed' : 'missing';
  }
  for (const chain of firewallBase.chains) {
    const listed = table.chains.find(({ name }) => name === chain.name);
    if (!listed || !isAsMade(listed, chain)) damage[`chain ${chain.name}`] = listed ? 'changed' : 'missing';
  }
  return { kind: 'firewall-base', ...(Object.keys(damage).length > 0 && { damage }) };
}

function isAsMade(listed: ListedChain, { hook, rules }: FirewallBase['chains'][number]): boolean {
  const hooked = hook && `type ${hook.type} hook ${hook.hook} priority ${hook.priority}; policy ${hook.policy};`;
  // nft 1.0.7 and later have a word for the figure.
  return (
    listed.hook?.replace(/ output priority dstnat;/, ' output priority -100;') === hooked && listed.rules.join('\n') === rules.join('\n')
  );
}

function readNetworks(table: ListedTable, look: Look): readonly FirewallResource[] {
  const found = new Map<string, { chains: FirewallResource['chains'][number][]; elements: FirewallResource['elements'][number][] }>();
  const of = (network: string): { chains: FirewallResource['chains'][number][]; elements: FirewallResource['elements'][number][] } => {
    const entry = found.get(network) ?? { chains: [], elements: [] };
    found.set(network, entry);
    return entry;
  };
  const wanted = new Map(look.desired('firewall').flatMap((w) => w.elements.map((e) => [`${e.map} ${e.key}`, w.owner.network] as const)));
  for (const chain of table.chains) {
    const network = networkOf(chain.name);
    if (network !== undefined && look.wants(network)) of(network).chains.push({ name: chain.name, rules: chain.rules });
  }
  for (const map of table.maps)
    for (const listed of map.elements) {
      const key = listed.key.replace(/^"(.*)"$/, '$1');
      const hinted = wanted.get(`${map.name} ${key}`);
      const network = networkOf(listed.verdict.replace(/^(jump|goto) /, '')) ?? hinted ?? look.ownerOf(key)?.network;
      if (network !== undefined && look.wants(network)) of(network).elements.push({ map: map.name, key, verdict: listed.verdict });
    }
  return [...found].map(([network, parts]) => inDesiredOrder({ kind: 'firewall', owner: { network }, ...parts }, look));
}

function networkOf(chain: string): string | undefined {
  return CHAIN_OF.exec(chain)?.[1]?.replaceAll('_', '-');
}

/** Chains and elements have no order of their own: they come in the desired one, so that equal rules compare as equal. */
function inDesiredOrder(r: FirewallResource, look: Look): FirewallResource {
  const wanted = look.request.desired.get(resourceKey(r));
  const desired = wanted?.kind === 'firewall' ? wanted : undefined;
  const chainAt = new Map(desired?.chains.map((c, i) => [c.name, i]));
  const elementAt = new Map(desired?.elements.map((e, i) => [`${e.map} ${e.key}`, i]));
  const place = (at: number | undefined): number => at ?? Number.MAX_SAFE_INTEGER;
  return {
    ...r,
    chains: [...r.chains].sort((a, b) => place(chainAt.get(a.name)) - place(chainAt.get(b.name))),
    elements: [...r.elements].sort((a, b) => place(elementAt.get(`${a.map} ${a.key}`)) - place(elementAt.get(`${b.map} ${b.key}`))),
  };
}

/** Carries out all firewall steps of a plan as one transaction: it takes effect whole, or not at all. */
export async function executeFirewall(steps: readonly FirewallStep[], tools: Pick<HostTools, 'ahead'>): Promise<void> {
  const script = nftScript(await keepSharedBase(steps, tools));
  if (script === '') return;
  try {
    await run(['nft', '-f', '-'], { input: script });
  } catch (error) {
    throw new StepFailure(0, error);
  }
}

/**
 * The shared part goes only with the last network's rules. A delete of it (the undo of a repair, say) while other networks' chains are
 * there leaves the table alone.
 */
async function keepSharedBase(steps: readonly FirewallStep[], { ahead }: Pick<HostTools, 'ahead'>): Promise<readonly FirewallStep[]> {
  if (!steps.some((s) => s.kind === 'firewall-base' && s.op === 'delete')) return steps;
  const table = await (ahead.take() ?? listTable());
  const going = new Set(steps.flatMap((s) => (s.op === 'delete' && s.kind === 'firewall' ? [s.before?.owner.network] : [])));
  const isShared = table?.chains.some((c) => {
    const network = networkOf(c.name);
    return network !== undefined && !going.has(network);
  });
  return isShared === true ? steps.filter((s) => s.kind !== 'firewall-base') : steps;
}
