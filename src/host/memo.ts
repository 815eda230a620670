import { existsSync, readdirSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { sortedJson } from '../base/sorted-json.ts';
import { resourceKey } from '../compile/host-state.ts';
import type { ResourceKind } from '../compile/host-state.ts';
import type { HostTools, Look, ResourceOf } from './handler.ts';
import { makeFolders } from './system/make-folders.ts';
import { readText, replaceText } from './system/small-files.ts';

/** What was set on a thing that cannot carry a mark, and what it was before. */
export interface Memo<K extends ResourceKind> {
  readonly resource: ResourceOf<K>;
  /** The condition to go back to; its shape is the kind's own. */
  readonly before?: unknown;
}

/**
 * Notes on things that are not ours and cannot say whose setting they carry: virtual functions, PCI drivers, other services' records.
 * Written before the change, in `${runDir}/memo`, which a boot empties as it does the settings themselves.
 */
export function remember<K extends ResourceKind>(memo: Memo<K>, tools: HostTools): void {
  makeFolders(folder(tools), 0o755);
  replaceText(file(resourceKey(memo.resource), tools), `${sortedJson(memo)}\n`);
}

export function recall<K extends ResourceKind>(key: string, tools: HostTools): Memo<K> | undefined {
  return parse<K>(readText(file(key, tools)));
}

export function forget(key: string, tools: HostTools): void {
  rmSync(file(key, tools), { force: true });
}

/** All notes of one kind. */
export function noted<K extends ResourceKind>(kind: K, tools: HostTools): readonly Memo<K>[] {
  const names = existsSync(folder(tools)) ? readdirSync(folder(tools)).filter((name) => name.startsWith(`${kind}.`)) : [];
  const memos = names.map((name) => parse<K>(readText(`${folder(tools)}/${name}`)));
  return memos.flatMap((memo) => (memo?.resource.kind === kind ? [memo] : []));
}

/** The things of one kind that an observation is about: those noted for its networks, and those that `desired` names. */
export function concerned<K extends ResourceKind>(kind: K, look: Look, tools: HostTools): readonly ResourceOf<K>[] {
  const ours = noted(kind, tools).flatMap(({ resource: r }) => (r.owner !== undefined && look.wants(r.owner.network) ? [r] : []));
  const found = new Map<string, ResourceOf<K>>();
  for (const r of [...ours, ...look.desired(kind)]) found.set(resourceKey(r), r);
  return [...found.values()];
}

function parse<K extends ResourceKind>(text: string | undefined): Memo<K> | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as Memo<K>);
  } catch {
    return undefined; // somebody else's file: ours are written in one step
  }
}

function folder(tools: HostTools): string {
  return `${tools.paths.runDir}/memo`;
}

function file(key: string, tools: HostTools): string {
  const kind = key.split(' ')[0] ?? '';
  return `${folder(tools)}/${kind}.${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
}
