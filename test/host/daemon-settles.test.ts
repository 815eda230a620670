import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startVirtnetd } from '../support/virtnetd.ts';

const document = (name: string): string => `<network>
  <name>${name}</name>
  <uuid>11111111-0000-4000-8000-000000000001</uuid>
</network>
`;

/** A folder of definitions as a power cut may leave it: a file whose new text was not on the disk, the former one, and a new file. */
function cut(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cut-'));
  const kept = join(folder, 'etc', '.unsynced-another-boot.1.1.0');
  for (const path of [join(folder, 'etc/networks'), kept]) mkdirSync(path, { recursive: true });
  for (const name of ['changed', 'new']) writeFileSync(join(folder, `etc/networks/${name}.xml`), '');
  writeFileSync(join(kept, 'networks:changed.xml'), document('changed'));
  return folder;
}

function expectSettled(folder: string): void {
  expect(readdirSync(join(folder, 'etc'))).toEqual(['networks']);
  expect(readdirSync(join(folder, 'etc/networks'))).toEqual(['changed.xml']);
  expect(readFileSync(join(folder, 'etc/networks/changed.xml'), 'utf8')).toBe(document('changed'));
}

const told = (folder: string): readonly RegExp[] => [
  new RegExp(`'${folder}/etc/networks/changed\\.xml' is as it was before its last change: .*VND018`),
  new RegExp(`'${folder}/etc/networks/new\\.xml' is gone: .*VND018`),
];

test.each([
  ['without autostart', ['--no-autostart']],
  ['with autostart', []],
])('virtnetd %s tells once, when it starts, what a power cut took', async (_how, args) => {
  const folder = cut();
  await using daemon = await startVirtnetd({ folder, args });
  expectSettled(folder);
  for (const line of told(folder)) await expect.poll(daemon.log).toMatch(line);
  await daemon.end();
  await using again = await startVirtnetd({ folder, args });
  expect(again.log()).not.toContain('VND018');
});

test('so does a command that changes something without it', () => {
  const folder = cut();
  writeFileSync(join(folder, 'other.xml'), '<network><name>other</name></network>');
  const env = { ...process.env, VIRTNET_CONFIG_DIR: join(folder, 'etc'), VIRTNET_RUN_DIR: join(folder, 'run'), VIRTNET_STATE_DIR: folder };
  const run = (): string => spawnSync('bin/virtnet', ['define', join(folder, 'other.xml')], { encoding: 'utf8', env }).stderr;
  const first = run();
  for (const line of told(folder)) expect(first).toMatch(line);
  expect(run()).not.toContain('VND018');
  expect(readdirSync(join(folder, 'etc/networks'))).toEqual(['changed.xml', 'other.xml']);
});
