import { randomUUID } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Replaces a user's file that is there in one step: whatever fails, a full disk too, leaves the old text. A symlink stays and its target is
 * replaced; mode, group and owner stay, these two as far as this user may give files away.
 * @throws the file system's own error.
 */
export function replaceFile(path: string, text: string): void {
  const target = realpathSync(path);
  accessSync(target, constants.W_OK); // a rename asks for leave to write into the folder alone
  const temp = join(dirname(target), `.virtnet-${randomUUID()}.tmp`);
  try {
    writeFileSync(temp, text, { flag: 'wx', mode: 0o600, flush: true });
    makeLike(temp, statSync(target));
    renameSync(temp, target);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
}

const KEEP = -1;

/** The mode comes last: a change of the owner takes bits of it away. */
function makeLike(path: string, { uid, gid, mode }: Stats): void {
  if (!gives(path, uid, gid)) gives(path, KEEP, gid);
  chmodSync(path, mode & 0o7777);
}

function gives(path: string, uid: number, gid: number): boolean {
  try {
    chownSync(path, uid, gid);
    return true;
  } catch {
    return false;
  }
}
