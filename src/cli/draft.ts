import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { definitionFile } from '../driver/state/file-name.ts';
import { writing } from './writing.ts';

/** A definition in a file of its own, for an editor. It stays until it is dropped: what somebody wrote is not lost with a process. */
export interface Draft {
  readonly path: string;
  readonly isEdited: () => boolean;
  /** Puts what somebody else made of the definition beside it. Returns the path. */
  readonly putBeside: (theirs: string) => string;
  readonly drop: () => void;
}

/** @throws VirtnetError VNU001 where the folder for temporary files takes none. */
export function newDraft(name: string, text: string): Draft {
  const folder = writing(tmpdir(), () => mkdtempSync(join(tmpdir(), 'virtnet-edit-'))); // for this user alone
  const path = join(folder, definitionFile(name));
  writing(path, () => writeFileSync(path, text, { flag: 'wx' }));
  return {
    path,
    isEdited: () => existsSync(path) && readFileSync(path, 'utf8') !== text, // an editor that took the file away wrote nothing
    putBeside: (theirs) => {
      const beside = `${path}.theirs`;
      writing(beside, () => writeFileSync(beside, theirs));
      return beside;
    },
    drop: () => rmSync(folder, { recursive: true, force: true }),
  };
}
