import { statSync, type Stats } from 'node:fs';
import { dirname } from 'node:path';
import { keepsItsGroups } from '../system/foreground-server.ts';

/**
 * The first folder on the way to dnsmasq's files that others than its owner cannot enter; undefined where there is none. In a user namespace of
 * one user dnsmasq stays who it is.
 */
export function closedFolder(runDir: string): string | undefined {
  if (keepsItsGroups()) return undefined;
  for (let folder = `${runDir}/dnsmasq`; ; folder = dirname(folder)) {
    const mode = statOf(folder)?.mode;
    if (mode !== undefined && (mode & OTHERS_ENTER) === 0) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

const OTHERS_ENTER = 0o001;

/** What cannot be looked at (below a file, say) is as good as not there. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
