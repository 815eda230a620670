import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/patience.ts';
import { ROADS, takeRoad, type Ran, type Road } from '../support/roads.ts';

/** What the command does on the real kernel, by itself and through virtnetd. */
const folder = mkdtempSync(join(tmpdir(), 'roads-'));

let road: Road;
const virtnet = (...args: string[]): Ran => road.virtnet(...args);
const sh = (line: string): string => road.run('sh', ['-c', line]).stdout;
const json = (...args: string[]): unknown => JSON.parse(virtnet(...args, '--json').stdout);

const LAB = `<network><name>lab</name><forward mode='nat'/><bridge name='vblab' stp='off'/>
  <ip address='10.9.0.1' netmask='255.255.255.0'><dhcp><range start='10.9.0.10' end='10.9.0.20'/></dhcp></ip></network>`;

describe.each(ROADS)('%s', (name) => {
  beforeAll(async () => {
    road = await takeRoad(name, folder);
    const lab = join(folder, 'lab.xml');
    writeFileSync(lab, LAB);
    expect(virtnet('up', lab).status).toBe(0);
  }, PATIENCE_MS);
  afterAll(async () => {
    virtnet('down', 'lab', '--yes');
    virtnet('undefine', 'lab');
    await road[Symbol.asyncDispose]();
  });

  test('down of a network that does not run says so, and is no error', () => {
    const other = join(folder, 'other.xml');
    writeFileSync(other, '<network><name>other</name><bridge name="vbother"/></network>');
    expect(virtnet('define', other).status).toBe(0);
    expect(virtnet('down', 'lab', 'other')).toMatchObject({ status: 0, stdout: 'lab is down\nother is not running\n' });
    expect(sh('ip -brief link show type bridge')).toBe('');
    expect(virtnet('down', 'lab')).toEqual({ status: 0, stdout: 'lab is not running\n', stderr: '' });
    expect(virtnet('stop', 'lab', '--dry-run')).toMatchObject({ status: 0, stdout: 'No changes: the host is as it should be.\n' });
    expect(json('down', 'lab')).toMatchObject({ plan: { delete: 0 }, applied: false, networks: [{ name: 'lab', active: false }] });
    expect(virtnet('down', 'nowhere').status).toBe(1);
    expect(virtnet('undefine', 'other').status).toBe(0);
    expect(virtnet('start', 'lab').status).toBe(0);
  });

  test.each(['user', 'group'])('attach --dry-run tells of a %s that this host does not know, and attach leaves nothing', (kind) => {
    const words = ['attach', 'lab', '--tap', 'tap0', `--${kind}`, 'no-such-one'];
    const shown = virtnet(...words, '--dry-run');
    expect([shown.status, shown.stdout]).toEqual([1, '']);
    expect(shown.stderr).toMatch(
      new RegExp(`create link tap0: this host knows no ${kind} 'no-such-one' \\[VNP001\\]\n +hint: name one of`),
    );
    expect(json(...words, '--dry-run')).toMatchObject({ error: { code: 'VNP001' } });
    expect(virtnet(...words)).toMatchObject({ status: 1, stderr: expect.stringContaining(`invalid ${kind} "no-such-one"`) as string });
    expect(sh('ip -brief link show type tun')).toBe('');
    expect(json('ports', 'lab')).toEqual({ ports: [] });
    expect(virtnet('attach', 'lab', '--tap', 'tap0', `--${kind}`, 'root', '--dry-run').status).toBe(0);
  });
});
