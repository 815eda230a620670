import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing, as `mkdir -p` does. Node's own recursive call never ends where the kernel says of a folder
 * that is missing in one that is there that there is no such file (below /proc), and misnames the reason on a read-only file system.
 * @param mode of each folder that is made, whatever the umask says; the umask's own where it is left out
 * @throws the system's error (`EACCES`, `ENOTDIR`, `EROFS` ...) of the first folder that cannot be made
 */
export function makeFolders(path: string, mode?: number): void {
  if (isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path && !existsSync(parent)) makeFolders(parent, mode);
  try {
    mkdirSync(path, { mode });
    if (mode !== undefined) chmodSync(path, mode);
  } catch (error) {
    if (!isFolder(path)) throw error; // somebody else may have made it meanwhile
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  } catch {
    return false;
  }
}
