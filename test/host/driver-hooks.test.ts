import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { attachGuest, isolated, sh } from '../support/driver-documents.ts';

const folder = join(process.env['VIRTNET_CONFIG_DIR'] ?? '', 'hooks');
const told = join(folder, 'told');

/** A hook that writes down its arguments and the names of the documents it was given, and then does `more`. */
function hook(more = ''): void {
  mkdirSync(folder, { recursive: true });
  const script = `#!/bin/sh\necho "$1 $2 $3 $4: $(grep -oE '^  <(network|networkport)' | tr -d ' <' | tr '\\n' ' ')" >> ${told}\n${more}\n`;
  writeFileSync(join(folder, 'network'), script);
  chmodSync(join(folder, 'network'), 0o755);
}

describe('hooks', () => {
  let driver: NetworkDriver;
  beforeAll(async () => {
    driver = await openDriver();
  });
  beforeEach(() => rmSync(folder, { recursive: true, force: true }));
  afterAll(() => driver[Symbol.asyncDispose]());

  it('are told of a start, a guest and a stop, with the documents', async () => {
    hook();
    await driver.up([isolated]);
    await attachGuest(driver, 'isolated', 'one');
    await driver.detach('isolated', 'one');
    await driver.stop('isolated');
    expect(readFileSync(told, 'utf8').trim().split('\n')).toEqual([
      'isolated start begin -: network ',
      'isolated started begin -: network ',
      'isolated port-created begin -: network networkport ',
      'isolated port-deleted begin -: network networkport ',
      'isolated stopped end -: network',
    ]);
  });

  it('refuse a start, which then leaves nothing', async () => {
    hook('[ "$2" != start ] || { echo "not on a Sunday" >&2; exit 1; }');
    await expect(driver.start('isolated')).rejects.toMatchObject({
      code: 'VNH006',
      message: expect.stringContaining('not on a Sunday') as string,
    });
    expect((await driver.get('isolated')).active).toBe(false);
    expect(sh('ip -br link').trim().split('\n')).toHaveLength(1);
  });

  it('take a start back that they refuse when all is there', async () => {
    hook('[ "$2" != started ]');
    await expect(driver.start('isolated')).rejects.toMatchObject({ code: 'VNH006' });
    expect((await driver.get('isolated')).active).toBe(false);
    expect(sh('ip -br link').trim().split('\n')).toHaveLength(1);
    expect(readFileSync(told, 'utf8')).toContain('isolated stopped end -');
  });

  it('refuse a guest, which then has left nothing', async () => {
    hook('[ "$2" != port-created ]');
    await driver.start('isolated');
    const links = sh("ip -br link | cut -d' ' -f 1");
    await expect(attachGuest(driver, 'isolated', 'two')).rejects.toMatchObject({ code: 'VNH006' });
    expect(await driver.ports('isolated')).toEqual([]);
    expect(sh("ip -br link | cut -d' ' -f 1")).toBe(links);
    expect((await driver.diff()).steps).toEqual([]);
    await driver.stop('isolated');
  });

  it('wait for nobody else, and nobody else waits for them', async () => {
    const go = join(folder, 'go');
    hook(`[ "$1 $2" != 'isolated started' ] || { touch ${go}.waits; until [ -e ${go} ]; do sleep 0.02; done; exit 1; }`);
    const refused = expect(driver.start('isolated')).rejects.toMatchObject({ code: 'VNH006' });
    while (!existsSync(`${go}.waits`)) await sleep(20);
    const ends = expect(driver.stop('isolated')).rejects.toMatchObject({ code: 'VND003' }); // there is nothing to stop in the end
    await driver.create("<network><name>beside</name><ip address='10.89.0.1' netmask='255.255.255.0'/></network>");
    await driver.repair();
    expect((await driver.get('isolated')).active).toBe(true);
    writeFileSync(go, '');
    await Promise.all([refused, ends]);
    expect((await driver.list()).map(({ name, active }) => [name, active])).toEqual([
      ['beside', true],
      ['isolated', false],
    ]);
    expect((await driver.diff()).steps).toEqual([]);
    await driver.stop('beside');
    expect(sh('ip -br link').trim().split('\n')).toHaveLength(1);
  });

  it('change nothing by failing after a stop or an update', async () => {
    hook('[ "$2" != stopped ]');
    await driver.start('isolated');
    await driver.stop('isolated');
    expect((await driver.get('isolated')).active).toBe(false);
    await driver.undefine('isolated');
  });
});
