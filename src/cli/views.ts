import type { NetworkInfo } from '../driver/driver.ts';
import { forwardsOf } from '../forwards/document.ts';
import { formatSource } from '../forwards/forward.ts';
import { formatSubnet, network as networkOf, parseSubnet } from '../inet/subnet.ts';
import { classPrefix, netmaskToPrefix } from '../inet/subnet.ts';
import { parseIp } from '../inet/ip.ts';
import type { Ip } from '../network/ip.ts';
import type { Network } from '../network/network.ts';
import type { Plan } from '../plan/plan.ts';

/** What --json prints of a network in lists and results; `dumpxml --to json` has the whole document. */
export function networkView(info: NetworkInfo): Record<string, unknown> {
  return {
    name: info.name,
    uuid: info.uuid,
    active: info.active,
    persistent: info.persistent,
    autostart: info.autostart,
    mode: info.network.forward.mode,
    ...(info.bridge === undefined ? {} : { bridge: info.bridge }),
    addresses: info.network.ips.map(addressOf),
    ...(info.active ? { guests: info.network.connections ?? 0 } : {}),
    warnings: info.warnings,
  };
}

/** What --json prints of a plan: totals first, then the steps. */
export function planView(plan: Plan): Record<string, unknown> {
  const of = (op: string): number => plan.steps.filter((s) => s.op === op).length;
  return {
    create: of('create'),
    change: of('change'),
    delete: of('delete'),
    steps: plan.steps,
    diagnostics: plan.diagnostics,
  };
}

/** What --json prints where a change is made already. */
export function unchangedView(info: NetworkInfo): Record<string, unknown> {
  return { plan: planView({ steps: [], diagnostics: [] }), applied: false, networks: [networkView(info)] };
}

/** What --json prints of a network's port forwards: sources as texts. */
export function forwardsView(network: Network): readonly Record<string, unknown>[] {
  return forwardsOf(network).forwards.map((f) => ({ ...f, ...(f.sources && { sources: f.sources.map(formatSource) }) }));
}

/** The networks without those that are named a second time. */
export function eachOnce(networks: readonly NetworkInfo[]): readonly NetworkInfo[] {
  return networks.filter(({ uuid }, i) => networks.findIndex((n) => n.uuid === uuid) === i);
}

/** Names by uuid, for plans. */
export function namesOf(networks: readonly NetworkInfo[]): ReadonlyMap<string, string> {
  return new Map(networks.map((n) => [n.uuid, n.name]));
}

/** `ADDRESS/PREFIX` of an `<ip>`, whichever way its prefix is written. */
export function addressOf(ip: Ip): string {
  const value = parseIp(ip.address);
  const prefix =
    ip.prefix ?? (ip.netmask === undefined ? undefined : netmaskToPrefix(ip.netmask)) ?? (value ? classPrefix(value) : undefined);
  return prefix === undefined ? ip.address : `${ip.address}/${String(prefix)}`;
}

/** The subnet of an `<ip>` with its host bits cleared; undefined when it is not readable. */
export function subnetOf(ip: Ip): string | undefined {
  const subnet = parseSubnet(addressOf(ip));
  return subnet && formatSubnet(networkOf(subnet));
}

export function printJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
