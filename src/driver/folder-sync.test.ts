import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FolderSync } from './folder-sync.ts';

test('one fsync for all changes of a folder until it is waited for, none for what is done, none lost for a folder that is gone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'virtnet-sync-'));
  const steps: string[] = [];
  const names = new FolderSync((step) => void steps.push(step));
  try {
    names.soon([folder]);
    names.soon([folder]);
    expect(steps).toEqual([]);
    await names.done();
    expect(steps).toEqual([`fsync ${folder}`]);
    await names.done();
    names.soon(['/nowhere/at/all', folder]);
    await names.done();
    expect(steps).toEqual([`fsync ${folder}`, 'fsync /nowhere/at/all', `fsync ${folder}`]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('comes by itself a moment later', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'virtnet-sync-'));
  try {
    const synced = new Promise<string>((resolve) => new FolderSync(resolve).soon([folder]));
    // The timer keeps no process alive; this one does.
    const alive = setInterval(() => undefined, 1000);
    expect(await synced).toBe(`fsync ${folder}`);
    clearInterval(alive);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
