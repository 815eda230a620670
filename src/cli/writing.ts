import { VirtnetError } from '../base/errors.ts';

/** What `write` gives, which writes to a path that the user named. @throws VirtnetError VNU001 with the path and the system's words */
export function writing<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (cause) {
    throw new VirtnetError({ code: 'VNU001', message: `cannot write "${path}": ${(cause as Error).message}`, cause });
  }
}
