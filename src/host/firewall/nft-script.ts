import { firewallBase } from '../../compile/firewall-base.ts';
import type { FirewallResource } from '../../compile/host-state.ts';
import { VirtnetError } from '../../base/errors.ts';
import type { Step } from '../../plan/plan.ts';
import type { StepOf } from '../handler.ts';

const TABLE = `${firewallBase.family} ${firewallBase.table}`;

/** A firewall step, or one on what all networks share. */
export type FirewallStep = StepOf<'firewall'> | StepOf<'firewall-base'>;

/** True for the steps that nft carries out. */
export function isFirewallStep(step: Step): step is Step & FirewallStep {
  return step.kind === 'firewall' || step.kind === 'firewall-base';
}

/**
 * The commands that carry out the steps, for one `nft -f -`: nft makes them one transaction. The order is free of the steps' order:
 * chains first, so that rules and elements may jump to any of them; elements go before the chains they lead to.
 */
export function nftScript(steps: readonly FirewallStep[]): string {
  if (steps.some((s) => s.kind === 'firewall-base' && s.op === 'delete')) {
    const rest = steps.filter((s) => s.op !== 'delete');
    return `${TABLE_OFF}${rest.length > 0 ? nftScript(rest) : ''}`;
  }
  const out: string[] = steps.some((s) => s.kind === 'firewall-base') ? [...baseLines()] : [];
  const changes = steps.flatMap((s) => (s.kind === 'firewall' ? [{ before: s.before, after: s.after }] : []));
  for (const { after } of changes) for (const chain of after?.chains ?? []) out.push(`add chain ${TABLE} ${word(chain.name)}`);
  for (const { before, after } of changes)
    for (const e of missingFrom(after, before)) out.push(`delete element ${TABLE} ${word(e.map)} { ${key(e)} }`);
  for (const { before, after } of changes) {
    const names = new Set([...(before?.chains ?? []), ...(after?.chains ?? [])].map((c) => c.name));
    for (const name of names) if (!sameRules(name, before, after)) out.push(`flush chain ${TABLE} ${word(name)}`);
  }
  for (const { before, after } of changes)
    for (const chain of after?.chains ?? [])
      if (!sameRules(chain.name, before, after))
        for (const rule of chain.rules) out.push(`add rule ${TABLE} ${word(chain.name)} ${oneLine(rule)}`);
  for (const { before, after } of changes)
    for (const e of missingFrom(before, after)) out.push(`add element ${TABLE} ${word(e.map)} { ${key(e)} : ${oneLine(e.verdict)} }`);
  for (const { before, after } of changes)
    for (const chain of before?.chains ?? [])
      if (!after?.chains.some((c) => c.name === chain.name)) out.push(`delete chain ${TABLE} ${word(chain.name)}`);
  return out.map((line) => `${line}\n`).join('');
}

/** Works whether the table is there or not. */
const TABLE_OFF = `add table ${TABLE}\ndelete table ${TABLE}\n`;

/** Makes or mends what the networks share, without touching their chains and elements. */
function baseLines(): readonly string[] {
  return [
    `add table ${TABLE}`,
    ...firewallBase.maps.map((m) => `add map ${TABLE} ${m.name} { type ${m.type} ; ${m.interval === true ? 'flags interval ; ' : ''}}`),
    ...firewallBase.chains.flatMap((c) => [
      `add chain ${TABLE} ${c.name}${c.hook ? ` { type ${c.hook.type} hook ${c.hook.hook} priority ${c.hook.priority} ; policy ${c.hook.policy} ; }` : ''}`,
      `flush chain ${TABLE} ${c.name}`,
      ...c.rules.map((rule) => `add rule ${TABLE} ${c.name} ${rule}`),
    ]),
  ];
}

type Element = FirewallResource['elements'][number];

/** Elements of `from` that `other` has not just so. */
function missingFrom(other: FirewallResource | undefined, from: FirewallResource | undefined): readonly Element[] {
  const same = (a: Element, b: Element): boolean => a.map === b.map && a.key === b.key && a.verdict === b.verdict;
  return (from?.elements ?? []).filter((e) => !other?.elements.some((o) => same(o, e)));
}

function sameRules(name: string, before: FirewallResource | undefined, after: FirewallResource | undefined): boolean {
  const a = before?.chains.find((c) => c.name === name);
  const b = after?.chains.find((c) => c.name === name);
  return a !== undefined && b !== undefined && a.rules.length === b.rules.length && a.rules.every((r, i) => r === b.rules[i]);
}

const interfaceMaps: ReadonlySet<string> = new Set(firewallBase.maps.filter((m) => m.type.startsWith('ifname ')).map((m) => m.name));

/**
 * A key of a map. A device's name is always quoted, so it must not hold a quotation mark, a `*` at its end (a wildcard) or a control
 * character; the others are an address, a protocol and ports.
 */
function key({ map, key: name }: Element): string {
  if (!interfaceMaps.has(map)) {
    if (!/^[0-9a-f.:]+(?:\/0)? \. (?:tcp|udp) \. \d+(?:-\d+)?$/.test(name)) throw refusal(name);
    return name;
  }
  if (/["\\\u0000-\u001f\u007f]|\*$/.test(name)) throw refusal(name);
  return `"${name}"`;
}

function word(name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw refusal(name);
  return name;
}

/** A rule or verdict that the compile wrote; a line break in it would be a command of its own. */
function oneLine(text: string): string {
  if (/[\u0000-\u001f\u007f;#]/.test(text.replace(/"[^"\n]*"/g, ''))) throw refusal(text);
  return text;
}

function refusal(value: string): VirtnetError {
  return new VirtnetError({ code: 'VNH001', message: `nft cannot be told ${JSON.stringify(value)}`, details: { value } });
}
