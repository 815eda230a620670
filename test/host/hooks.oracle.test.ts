import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeLab, startVirtnetd } from '../support/virtnetd.ts';

/** One hook script below libvirtd and below virtnetd: the same arguments and standard input, byte for byte, and the same answers of virsh, while a hook runs too. */

const run = promisify(execFile);
const script = 'test/host/rpc/hooks.sh';
let folder: string;
let libvirt: { readonly told: string; readonly said: string };
let virtnet: typeof libvirt;

beforeAll(async () => {
  folder = mkdtempSync('/tmp/hooks-'); // the oracle has namespaces of its own; /tmp is the same in both
  const file = (name: string): string => join(folder, name);
  const hook = (log: string, path: string): void => {
    writeFileSync(path, readFileSync('test/host/rpc/hook', 'utf8').replaceAll('LOG', log));
    chmodSync(path, 0o755);
  };
  const home = mkdtempSync(join(tmpdir(), 'virtnetd-'));
  mkdirSync(join(home, 'etc', 'hooks'), { recursive: true });
  hook(file('virtnet'), join(home, 'etc', 'hooks', 'network'));
  mkdirSync(file('hooks'));
  hook(file('libvirt'), file('hooks/network'));
  makeLab();
  await using daemon = await startVirtnetd({ folder: home });
  const env = { ...process.env, LC_ALL: 'C', TMPDIR: '/tmp', VIRTNET_ORACLE_HOOKS: file('hooks') };
  const [ours, theirs] = await Promise.all([
    run('sh', [script, file('virtnet')], { env: { ...env, LIBVIRT_DEFAULT_URI: daemon.uri } }),
    run('test/oracle/with-libvirtd', ['--lab', 'sh', script, file('libvirt')], { env }),
  ]);
  virtnet = { told: readFileSync(file('virtnet'), 'utf8'), said: ours.stdout };
  libvirt = { told: existsSync(file('libvirt')) ? readFileSync(file('libvirt'), 'utf8') : '', said: theirs.stdout };
}, 280_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('hooks are given the same arguments and documents, in the same order', () => {
  // libvirt forgets how many guests a network has when its running document is updated.
  const plain = (text: string): readonly string[] => text.replace(/<network connections='\d+'/g, '<network').split('\n');
  expect(libvirt.told.match(/^# 4 arguments: /gm)?.length).toBeGreaterThan(40);
  expect(plain(virtnet.told)).toEqual(plain(libvirt.told));
});

test('what a hook refuses is refused, in libvirt’s words', () => {
  // libvirt puts the environment of the hook before its name.
  const plain = (text: string): readonly string[] => text.replace(/Child process \(.*hooks\/network /g, 'Child process (').split('\n');
  expect(plain(virtnet.said)).toEqual(plain(libvirt.said));
  expect(virtnet.said).toContain('unexpected exit status 6: not like this');
  expect(virtnet.said).toContain('unexpected exit status 7');
});
