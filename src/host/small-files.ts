import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** The text of a file; undefined when it is not there. @throws the file system's own error otherwise. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    return absent(error);
  }
}

/** `readText` for the small files of /run and /proc, which are in memory: many times cheaper than a detour over a thread. */
export function readTextNow(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    return absent(error);
  }
}

function absent(error: unknown): undefined {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  throw error;
}

/**
 * Replaces a file in one step: a reader sees the old text or the new one. Not synced to the disk: what it is used for lies in /run and
 * dies with the machine anyway. Readable for all, since dnsmasq reads it after it has given up its privileges.
 */
export function replaceText(path: string, text: string): void {
  const temp = `${path}.${String(process.pid)}.new`;
  try {
    writeFileSync(temp, text, { mode: 0o644 });
    renameSync(temp, path);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
}

/** `replaceText` where the file does not say so already: a file that stays keeps its inode and its time. */
export function settleText(path: string, text: string): void {
  if (readTextNow(path) !== text) replaceText(path, text);
}
