import { chmodSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

/**
 * The text of a small file of /run, /proc or /sys; undefined when it is not there. These are in memory: a detour over a thread takes many
 * times longer. @throws the file system's own error otherwise.
 */
export function readText(path: string): string | undefined {
  if (!existsSync(path)) return undefined; // a tenth of what the error costs
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * Replaces a file in one step: a reader sees the old text or the new one. Not synced to the disk: what it is used for lies in /run and
 * dies with the machine anyway. Readable for all, whatever the umask says, since dnsmasq reads it after it has given up its privileges.
 */
export function replaceText(path: string, text: string): void {
  const temp = `${path}.${String(process.pid)}.new`;
  try {
    writeFileSync(temp, text);
    chmodSync(temp, 0o644);
    renameSync(temp, path);
  } catch (error) {
    rmSync(temp, { force: true });
    throw error;
  }
}

/** `replaceText` where the file does not say so already: a file that stays keeps its inode and its time. */
export function settleText(path: string, text: string): void {
  if (readText(path) !== text) replaceText(path, text);
}
