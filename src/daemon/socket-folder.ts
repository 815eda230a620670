import { isVirtnetError, VirtnetError } from '../base/errors.ts';
import { makeFolders } from '../host/system/make-folders.ts';
import { systemWords } from '../host/system/system-words.ts';

/**
 * Opens sockets in a folder, which is made where it is missing.
 * @param option the option that names the folder
 * @throws VirtnetError VNR002 where the system allows no folder or no socket there; whatever `open` throws of its own
 */
export async function inSocketFolder<T>(folder: string, option: string, open: () => Promise<T>): Promise<T> {
  try {
    makeFolders(folder, 0o755);
    return await open();
  } catch (error) {
    if (isVirtnetError(error)) throw error;
    throw new VirtnetError({
      code: 'VNR002',
      message: `no socket can be made in '${folder}': ${reasonOf(error)}`,
      hint: `make the folder writable, or choose another one with ${option}`,
      details: { folder },
      cause: error,
    });
  }
}

/** The system's words of a file's error, or of a server's (`listen EADDRINUSE: address already in use /x/y`). */
function reasonOf(error: unknown): string {
  const words = systemWords(error);
  return /^listen E[A-Z]+: (.+?)(?: \/.*)?$/.exec(words)?.[1] ?? words;
}
