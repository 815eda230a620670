import { readFile, rename, rm, writeFile } from 'node:fs/promises';

/** The text of a file; undefined when it is not there. @throws the file system's own error otherwise. */
export async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

/**
 * Replaces a file in one step: a reader sees the old text or the new one. Not synced to the disk: what it is used for lies in /run and
 * dies with the machine anyway. Readable for all, since dnsmasq reads it after it has given up its privileges.
 */
export async function replaceText(path: string, text: string): Promise<void> {
  const temp = `${path}.${String(process.pid)}.new`;
  try {
    await writeFile(temp, text, { mode: 0o644 });
    await rename(temp, path);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
}
