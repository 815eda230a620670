import { watch } from 'node:fs';
import { dirname } from 'node:path';
import { dnsmasqFiles } from '../../compile/dnsmasq-files.ts';
import type { HostPaths } from '../../compile/facts.ts';
import { makeFolders } from '../system/make-folders.ts';

/**
 * Calls `listener` with a network's uuid when something is written to its log of leases: one inotify(7) watch for all networks.
 * @returns the function that ends it.
 * @throws the system's error where it allows no folder or no watch.
 */
export function watchLeases(paths: Pick<HostPaths, 'runDir' | 'stateDir'>, listener: (uuid: string) => void): () => void {
  const folder = dirname(dnsmasqFiles(paths, '').leases);
  makeFolders(folder, 0o755);
  const watcher = watch(folder, (_event, file) => {
    if (file !== null) listener(file.replace(/\..*/, ''));
  });
  // Where the watch itself breaks, the leases wait for the next change of their network.
  watcher.on('error', () => undefined);
  return () => watcher.close();
}
