import { mkdir, readdir, rm } from 'node:fs/promises';
import type { HostPaths } from '../compile/facts.ts';
import type { Owner } from '../compile/host-state.ts';
import { readText, replaceText } from './small-files.ts';

/**
 * What a virtual function was like before virtnet took it. A function has no room for a mark as links have, so a small file is its mark: it
 * stands before the first change and goes after the last, and like the function's settings it does not outlive the boot.
 */
export interface Keepsake<T> {
  readonly owner: Owner;
  readonly original: T;
}

const folder = (paths: HostPaths): string => `${paths.runDir}/sriov`;

/** The keepsakes whose names begin with `prefix`, by the rest of their names. A file that is not whole counts as not there. */
export async function keepsakes<T>(paths: HostPaths, prefix: 'vf' | 'pci'): Promise<ReadonlyMap<string, Keepsake<T>>> {
  const files = await readdir(folder(paths)).catch(() => []);
  const found = new Map<string, Keepsake<T>>();
  for (const file of files) {
    const name = new RegExp(`^${prefix}-(.+)\\.json$`).exec(file)?.[1];
    const kept = name === undefined ? undefined : await keepsake<T>(paths, prefix, name);
    if (name !== undefined && kept) found.set(name, kept);
  }
  return found;
}

export async function keepsake<T>(paths: HostPaths, prefix: 'vf' | 'pci', name: string): Promise<Keepsake<T> | undefined> {
  try {
    return JSON.parse((await readText(file(paths, prefix, name))) ?? '') as Keepsake<T>;
  } catch {
    return undefined;
  }
}

/** Writes down whose the function is now. What it was like at first stays as it was written then. */
export async function keep<T>(paths: HostPaths, prefix: 'vf' | 'pci', name: string, fresh: Keepsake<T>): Promise<Keepsake<T>> {
  const before = await keepsake<T>(paths, prefix, name);
  const kept = { owner: fresh.owner, original: before?.original ?? fresh.original };
  await mkdir(folder(paths), { recursive: true });
  await replaceText(file(paths, prefix, name), `${JSON.stringify(kept)}\n`);
  return kept;
}

export function forget(paths: HostPaths, prefix: 'vf' | 'pci', name: string): Promise<void> {
  return rm(file(paths, prefix, name), { force: true });
}

/** Names come from the kernel: a device's name and a number, or a PCI address; neither can hold a `/`. */
function file(paths: HostPaths, prefix: string, name: string): string {
  return `${folder(paths)}/${prefix}-${name}.json`;
}
