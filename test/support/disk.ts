import { appendFileSync, mkdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { sh } from './driver-documents.ts';

/** Virtnet's folders, each of which can be a file system of its own of a few pages. */
export const folders = {
  config: process.env['VIRTNET_CONFIG_DIR'] ?? '',
  state: process.env['VIRTNET_STATE_DIR'] ?? '',
  run: process.env['VIRTNET_RUN_DIR'] ?? '',
};
export type Folder = keyof typeof folders;

const SIZE = 512 * 1024;
/** What tmpfs gives room by. */
const PAGE = 4096;
const fillOf = (folder: Folder): string => join(folders[folder], 'fill');

export function mountSmall(folder: Folder): void {
  mkdirSync(folders[folder], { recursive: true });
  sh(`mount -t tmpfs -o size=${String(SIZE)} tmpfs ${folders[folder]}`);
}

export function unmount(folder: Folder): void {
  sh(`umount ${folders[folder]}`);
}

/** Leaves this many pages free. */
export function fill(folder: Folder, free = 0): void {
  let size = 0;
  try {
    for (const page = Buffer.alloc(PAGE); ; size += PAGE) appendFileSync(fillOf(folder), page);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
  truncateSync(fillOf(folder), size - free * PAGE);
}

/** Ways in which a folder takes no more. A mount with a file that is open for writing, as dnsmasq's journal is, stays writable: hence a second one over it. */
export const ways = {
  full: (folder: Folder): void => {
    fill(folder);
  },
  'read-only': (folder: Folder): void => {
    sh(`cd /; mount --bind ${folders[folder]} ${folders[folder]}; mount -o remount,bind,ro ${folders[folder]}`);
  },
};

/** Takes back what `ways` did. A run that was cut off may still have a file open below the second mount, which goes when that file does. */
export function mend(folder: Folder): void {
  sh(`[ "$(grep -c ' ${folders[folder]} ' /proc/self/mounts)" -lt 2 ] || umount --lazy ${folders[folder]}`);
  rmSync(fillOf(folder), { force: true });
}
