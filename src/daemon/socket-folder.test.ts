import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtnetError } from '../base/errors.ts';
import { inSocketFolder } from './socket-folder.ts';

describe('inSocketFolder', () => {
  let base: string;
  beforeEach(() => (base = mkdtempSync(join(tmpdir(), 'virtnet-sockets-'))));
  afterEach(() => rmSync(base, { recursive: true }));

  const open = (folder: string): Promise<void> =>
    inSocketFolder(folder, '--run-dir', async () => {
      const server = createServer().listen(join(folder, 'sock'));
      await once(server, 'listening');
      server.close();
    });

  it('makes the folder, and those above it', async () => {
    const folder = join(base, 'a/b');
    await open(folder);
    expect(statSync(folder).isDirectory()).toBe(true);
  });

  it('tells why there can be no folder, or no socket in it, and which option names another', async () => {
    writeFileSync(join(base, 'file'), '');
    mkdirSync(join(base, 'sock'));
    const below = join(base, 'file/x');
    const hint = 'make the folder writable, or choose another one with --run-dir';
    await expect(open(below)).rejects.toMatchObject({
      code: 'VNR002',
      message: `no socket can be made in '${below}': not a directory`,
      hint,
    });
    await expect(open(base)).rejects.toMatchObject({
      code: 'VNR002',
      message: `no socket can be made in '${base}': address already in use`,
    });
  });

  it('leaves an error that has its own words as it is', async () => {
    const taken = new VirtnetError({ code: 'VNR001', message: 'taken' });
    await expect(inSocketFolder(base, '--run-dir', () => Promise.reject(taken))).rejects.toBe(taken);
  });
});
