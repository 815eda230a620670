import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { probeCapabilities } from './capabilities.ts';

const folder = mkdtempSync(join(tmpdir(), 'capabilities-'));
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

test('a trial that did not come to its end is made again, one that did is not', async () => {
  const unshare = (script: string): void => {
    writeFileSync(join(folder, 'unshare'), `#!/bin/sh\n${script}\n`);
    chmodSync(join(folder, 'unshare'), 0o755);
  };
  const probed = async (): Promise<unknown> => {
    const { vlanFiltering, csum } = await probeCapabilities();
    return { vlanFiltering, csum };
  };
  vi.stubEnv('PATH', `${folder}:${process.env['PATH'] ?? ''}`);
  unshare('exit 1');
  expect(await probed()).toEqual({ vlanFiltering: false, csum: false });
  unshare('echo csum; echo tried');
  expect(await probed()).toEqual({ vlanFiltering: false, csum: true });
  unshare('exit 1');
  expect(await probed()).toEqual({ vlanFiltering: false, csum: true });
});
