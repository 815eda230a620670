import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hookFiles, runHooks, type HookCall } from './hooks.ts';

const call: HookCall = {
  network: "a 'b' $(c)",
  operation: 'start',
  suboperation: 'begin',
  networkXml: () => '<network>\n  <name>n</name>\n</network>\n',
};

describe('runHooks', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'virtnet-hooks-'));
    await mkdir(join(folder, 'network.d'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const script = (name: string, body: string, mode = 0o755): Promise<void> =>
    writeFile(join(folder, name), `#!/bin/sh\n${body}\n`, { mode });

  it('does nothing where there are no scripts', async () => {
    expect(await hookFiles(folder)).toEqual([]);
    await runHooks(folder, call);
  });

  it('gives arguments and documents as libvirt does, in order, and skips what is not executable', async () => {
    const out = join(folder, 'out');
    const write = `{ echo "$#|$1|$2|$3|$4"; cat; } >> ${out}`;
    await script('network', write);
    await script('network.d/20-b', `echo second >> ${out}`);
    await script('network.d/10-a', `echo first >> ${out}`);
    await script('network.d/30-c', `echo third >> ${out}`, 0o644);
    await runHooks(folder, { ...call, operation: 'port-created', portXml: '<networkport/>' });
    expect(await readFile(out, 'utf8')).toBe(
      "4|a 'b' $(c)|port-created|begin|-\n" +
        '<hookData>\n  <network>\n    <name>n</name>\n  </network>\n  <networkport/>\n</hookData>first\nsecond\n',
    );
  });

  it("refuses with the script's own words, and runs no script after it", async () => {
    await script('network', 'echo "not today" >&2; exit 3');
    await script('network.d/after', `touch ${join(folder, 'ran')}`);
    await expect(runHooks(folder, call)).rejects.toMatchObject({
      code: 'VNH006',
      message: expect.stringContaining('exit status 3: not today') as string,
    });
    await expect(readFile(join(folder, 'ran'))).rejects.toThrow();
  });
});
