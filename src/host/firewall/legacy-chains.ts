import { run } from '../tools/command.ts';
import { makerOf, type Expression, type ForeignChain, type Hook } from './foreign-chains.ts';
import { readText } from '../system/small-files.ts';

type LegacyFamily = 'ip' | 'ip6';

/**
 * The chains of iptables-legacy's tables that guests' packets pass. nft does not see these tables: the kernel keeps them in another place, and
 * lists those of this namespace in /proc/net. Where there is none, as on most hosts, nothing is started.
 * @param proc `/proc`, or a test's copy
 * @throws VirtnetError VNH002 where the tool is not installed, VNH001 and VNH003 where it refuses; the file system's own error where the list
 *   may not be read.
 */
export async function legacyChains(proc: string): Promise<readonly ForeignChain[]> {
  const families = (['ip', 'ip6'] as const).filter((family) => (readText(`${proc}/net/${family}_tables_names`) ?? '') !== '');
  const read = families.map(async (family) => readLegacyChains((await run([`${family}tables-legacy-save`])).stdout, family));
  return (await Promise.all(read)).flat();
}

const HOOKS: Readonly<Record<string, Hook>> = { INPUT: 'input', FORWARD: 'forward' };

/** Reads tables in the form of iptables-save(8); the rules are given in nft's expressions. */
export function readLegacyChains(text: string, family: LegacyFamily): readonly ForeignChain[] {
  return text
    .split(/^\*/m)
    .slice(1)
    .flatMap((part) => readTable(part, family));
}

function readTable(text: string, family: LegacyFamily): readonly ForeignChain[] {
  const table = /^\S+/.exec(text)?.[0] ?? '';
  const chains = [...text.matchAll(/^:(\S+) (\S+)/gm)].map(([, name = '', policy = '']) => ({ name, policy }));
  const names = new Set(chains.map(({ name }) => name));
  const rules = new Map<string, (readonly Expression[])[]>(chains.map(({ name }) => [name, []]));
  for (const [, chain = '', words = ''] of text.matchAll(/^-A (\S+) ?(.*)$/gm)) rules.get(chain)?.push(readRule(words, family, names));
  const maker = makerOf(table, chains);
  return chains.flatMap(({ name, policy }): readonly ForeignChain[] => {
    const hook = HOOKS[name];
    if (hook === undefined) return [];
    return [{ family, table, name, hook, policy: policy === 'DROP' ? 'drop' : 'accept', rules, isLegacy: true, ...(maker && { maker }) }];
  });
}

/** Matches that mean nothing without the options that follow them. */
const CARRIERS = new Set(['tcp', 'udp', 'conntrack', 'state', 'multiport', 'comment']);

/** The conditions of a rule and its verdict; an option that is not known is a condition that cannot be told. */
function readRule(text: string, family: LegacyFamily, chains: ReadonlySet<string>): readonly Expression[] {
  const found: Expression[] = [];
  // Each option with a `!` before it and the words after it; a word in quotes has its escapes.
  for (const [, not, option = '', values = ''] of text.matchAll(/(! )?(-\S+)((?: (?:"(?:[^"\\]|\\.)*"|[^-!"]\S*))*)/g)) {
    const value = values.trim();
    if (option === '-j' || option === '-g') return [...found, ...verdict(option, value, chains)]; // what follows is the target's
    found.push(...condition(option, value, not === undefined ? '==' : '!=', family));
  }
  return found;
}

function condition(option: string, value: string, op: string, family: LegacyFamily): readonly Expression[] {
  const match = (left: object, right: unknown): readonly Expression[] => [{ match: { op, left, right } }];
  switch (option) {
    case '-i':
      return match({ meta: { key: 'iifname' } }, device(value));
    case '-o':
      return match({ meta: { key: 'oifname' } }, device(value));
    case '-s':
      return match({ payload: { protocol: family, field: 'saddr' } }, value);
    case '-p':
      return match({ meta: { key: 'l4proto' } }, value);
    case '--dport':
    case '--dports':
      return match({ payload: { protocol: 'th', field: 'dport' } }, { set: value.split(',').map(portOrRange) });
    case '--ctstate':
    case '--state':
      return match({ ct: { key: 'state' } }, value.toLowerCase().split(','));
    case '--comment':
      return [];
    case '-m':
      return CARRIERS.has(value) ? [] : [{ xt: { type: 'match', name: value } }];
    default:
      return [{ xt: { type: 'match', name: option } }];
  }
}

/** iptables ends the name of many devices with a `+`. */
function device(name: string): string {
  return name.replace(/\+$/, '*');
}

function portOrRange(text: string): unknown {
  const [from, to] = text.split(':').map(Number);
  return to === undefined ? from : { range: [from, to] };
}

/** None for a target that decides nothing (LOG, MARK). */
function verdict(option: string, text: string, chains: ReadonlySet<string>): readonly Expression[] {
  const [target = ''] = text.split(' ');
  if (chains.has(target)) return [{ [option === '-j' ? 'jump' : 'goto']: { target } }];
  return ['ACCEPT', 'DROP', 'REJECT', 'RETURN'].includes(target) ? [{ [target.toLowerCase()]: null }] : [];
}
