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
  hook(file('libvirt'), file('hook'));
  makeLab();
  {
    await using daemon = await startVirtnetd({ folder: home });
    const { stdout } = await run('sh', [script, file('virtnet')], {
      env: { ...process.env, LC_ALL: 'C', LIBVIRT_DEFAULT_URI: daemon.uri },
    });
    virtnet = { told: readFileSync(file('virtnet'), 'utf8'), said: stdout };
  }
  // libvirtd looks for hooks when it starts and when it is told to look again.
  const theirs =
    'mkdir -p /etc/libvirt/hooks; cp "$1/hook" /etc/libvirt/hooks/network; kill -HUP "$(pidof libvirtd)"; sleep 1; exec sh "$2" "$1/libvirt"';
  const env = { ...process.env, LC_ALL: 'C', TMPDIR: '/tmp' };
  const { stdout } = await run('test/oracle/with-libvirtd', ['--lab', 'sh', '-c', theirs, 'sh', folder, script], { env });
  libvirt = { told: existsSync(file('libvirt')) ? readFileSync(file('libvirt'), 'utf8') : '', said: stdout };
  rmSync(home, { recursive: true, force: true });
}, 120_000);
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
