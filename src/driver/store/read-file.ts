import { existsSync, readFileSync } from 'node:fs';
import { VirtnetError } from '../../base/errors.ts';

/** The text of a file, or undefined where there is none. */
export function readText(path: string): string | undefined {
  return existsSync(path) ? readListed(path) : undefined; // a tenth of what the error costs
}

/** The same for a file that was there just now. */
export function readListed(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw unreadable(error, path);
  }
}

/** @returns VNH003 where this user may not look, else the error itself. */
export function unreadable(error: unknown, path: string): unknown {
  if (!(error instanceof Error && 'code' in error && error.code === 'EACCES')) return error;
  return new VirtnetError({
    code: 'VNH003',
    message: `no permission to read '${path}'`,
    hint: 'run as root, or try it in `virtnet sandbox`',
    details: { path },
    cause: error,
  });
}

/** There is no such file, or no folder on the way to it. */
export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
