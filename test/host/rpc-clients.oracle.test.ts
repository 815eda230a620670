import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Virtnetd } from '../support/virtnetd.ts';
import { startVirtnetd } from '../support/virtnetd.ts';

/** The same programs over python3-libvirt, Sys::Virt, ruby-libvirt, libvirt-glib, libvirt-dbus and go-libvirt against libvirtd and virtnetd: every line that they print must be the same. */

const run = promisify(execFile);
const SYSTEM = 'network:///system';
const LIBVIRT = 'network+unix:///system?socket=/run/libvirt/libvirt-sock';
let daemon: Virtnetd;

beforeAll(async () => {
  daemon = await startVirtnetd();
}, 60_000);
afterAll(() => daemon[Symbol.asyncDispose]());

/** Lines of a program, its stderr last. libvirt leaves an empty `<bandwidth>` in a port whose limits were all taken away; virtnet does not. */
async function lines(file: string, args: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr } = await run(file, args, { timeout: 120_000 });
  // GLib's warnings bear the process and the time.
  return [...stdout.replace(/ *<bandwidth>\n *<\/bandwidth>\n/g, '').split('\n'), stderr.replace(/\(process:\d+\)|[\d:.]{8,}/g, '')];
}

const has = (file: string, args: readonly string[]): boolean => spawnSync(file, args, { stdio: 'ignore' }).status === 0;

test.skipIf(!has('/usr/bin/python3', ['-c', 'import libvirt']))(
  'python3-libvirt sees no difference (without python3-libvirt this is skipped)',
  async () => {
    const [python, ...program] = ['/usr/bin/python3', '-B', 'test/host/rpc/clients.py'] as const;
    const ours = await lines(python, [...program, daemon.uri, `network+unix:///system?socket=${daemon.readOnly}`]);
    const theirs = await lines('test/oracle/with-libvirtd', [python, ...program, LIBVIRT, `${LIBVIRT}-ro`]);
    expect(theirs.length).toBeGreaterThan(50);
    expect(ours).toEqual(theirs);
  },
  120_000,
);

test.skipIf(!has('perl', ['-MSys::Virt', '-e', '1']))(
  'Sys::Virt sees no difference (without libsys-virt-perl this is skipped)',
  async () => {
    const program = ['perl', 'test/host/rpc/clients.pl'] as const;
    const ours = await lines(program[0], [program[1], daemon.uri]);
    const theirs = await lines('test/oracle/with-libvirtd', [...program, SYSTEM]);
    expect(theirs.length).toBeGreaterThan(20);
    expect(ours).toEqual(theirs);
  },
  120_000,
);

test.skipIf(!has('ruby', ['-e', 'require "libvirt"']))(
  'ruby-libvirt sees no difference (without ruby-libvirt this is skipped)',
  async () => {
    const program = ['ruby', 'test/host/rpc/clients.rb'] as const;
    const ours = await lines(program[0], [program[1], daemon.uri]);
    const theirs = await lines('test/oracle/with-libvirtd', [...program, LIBVIRT]);
    expect(theirs.length).toBeGreaterThan(60);
    expect(ours).toEqual(theirs);
  },
  120_000,
);

test.skipIf(!has('/usr/bin/python3', ['-c', 'import gi; gi.require_version("LibvirtGObject", "1.0")']))(
  'libvirt-glib sees no difference (without gir1.2-libvirt-glib-1.0 this is skipped)',
  async () => {
    const [python, ...program] = ['/usr/bin/python3', '-B', 'test/host/rpc/clients_glib.py'] as const;
    const socketless = (all: readonly string[]): readonly string[] => all.map((line) => line.replace(/\?socket=\S*/, ''));
    const ours = socketless(await lines(python, [...program, daemon.uri]));
    const theirs = socketless(await lines('test/oracle/with-libvirtd', [python, ...program, LIBVIRT]));
    expect(theirs.length).toBeGreaterThan(50);
    expect(ours).toEqual(theirs);
  },
  120_000,
);

const hasDbus =
  has('libvirt-dbus', ['--help']) &&
  has('dbus-run-session', ['--version']) &&
  has('tcc', ['-v']) &&
  has('/usr/bin/python3', ['-c', 'import gi']);

test.skipIf(!hasDbus)(
  'libvirt-dbus sees no difference (without libvirt-dbus, dbus-run-session, tcc and python3-gi this is skipped)',
  async () => {
    const folder = mkdtempSync('/tmp/libvirt-dbus-');
    try {
      const program = ['sh', 'test/host/rpc/clients_dbus.sh', folder] as const;
      const ours = await lines(program[0], [...program.slice(1), daemon.uri]);
      const theirs = await lines('test/oracle/with-libvirtd', [...program, LIBVIRT]);
      expect(theirs.length).toBeGreaterThan(70);
      expect(ours).toEqual(theirs);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  120_000,
);

/** Debian's Go packages lie in one folder, and are built from there without a network. */
const goEnv = { ...process.env, GOPATH: '/usr/share/gocode', GO111MODULE: 'off', GOFLAGS: '' };
const hasGoLibvirt = spawnSync('go', ['list', 'github.com/digitalocean/go-libvirt'], { env: goEnv, stdio: 'ignore' }).status === 0;

test.skipIf(!hasGoLibvirt)(
  'go-libvirt sees no difference (without golang-go and golang-github-digitalocean-go-libvirt-dev this is skipped)',
  async () => {
    const folder = mkdtempSync('/tmp/go-libvirt-'); // /run is another one beside libvirtd
    try {
      const program = join(folder, 'clients');
      execFileSync('go', ['build', '-o', program, 'test/host/rpc/clients.go'], { env: { GOCACHE: join(folder, 'cache'), ...goEnv } });
      const ours = await lines(program, [daemon.readWrite, daemon.readOnly]);
      const socket = '/run/libvirt/libvirt-sock';
      const theirs = await lines('test/oracle/with-libvirtd', [program, socket, `${socket}-ro`]);
      expect(theirs.length).toBeGreaterThan(400);
      expect(ours).toEqual(theirs);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  300_000,
);
