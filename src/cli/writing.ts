import { VirtnetError } from '../base/errors.ts';
import { systemWords } from '../host/system/system-words.ts';

/** What `write` gives, which writes to a path that the user named. @throws VirtnetError VNU001 with the path and the system's words */
export function writing<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    // Only the folder of the files is ever made new.
    const why = (cause as NodeJS.ErrnoException).code === 'EEXIST' ? 'it is there and no folder' : systemWords(cause);
    throw new VirtnetError({ code: 'VNU001', message: `cannot write "${path}": ${why}`, cause });
  }
}
