import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RawClient } from '../support/raw-client.ts';
import { bundlePath, startVirtnetd } from '../support/virtnetd.ts';

/** virtnetd as a service: what it tells systemd, the sockets it is given, its units, and what an installation has. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'virtnetd-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const has = (tool: string): boolean => spawnSync('sh', ['-c', `command -v ${tool}`]).status === 0;
const XML = `<network><name>net1</name><uuid>0f0f0f0f-2222-4222-8333-000000000001</uuid><bridge name='vs1'/><ip address='10.93.1.1' prefix='24'/></network>`;

/** A datagram socket as the service manager has it; what arrives is printed, one message a line. */
const LISTENER = `use Socket; $| = 1; socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die; bind($s, pack_sockaddr_un($ARGV[0])) or die;
print "listening\\n"; while (defined recv($s, my $m, 4096, 0)) { $m =~ s/\\n/ /g; print "$m\\n" }`;

describe.skipIf(!has('systemd-notify'))('sd_notify(3)', () => {
  test('says that it is ready, alive, reloading and ending; a reload mends', async () => {
    const socket = join(folder, 'notify');
    const listener = spawn('perl', ['-e', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
    let heard = '';
    listener.stdout.setEncoding('utf8').on('data', (text: string) => (heard += text));
    await expect.poll(() => heard).toContain('listening');
    const count = (message: string): number => heard.split('\n').filter((line) => line.split(' ').includes(message)).length;
    {
      const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '1000000' };
      await using daemon = await startVirtnetd({ folder, env, args: ['--no-watch'] });
      await expect.poll(() => count('READY=1'), { timeout: 10_000 }).toBe(1);
      const client = await RawClient.open(daemon.readWrite);
      const network = await client.call('networkCreateXml', XML);
      // What belongs to this process alone does not reach the ones that it starts.
      expect(readFileSync(`/proc/${String(daemon.process.pid)}/environ`, 'utf8')).toContain('NOTIFY_SOCKET');
      await expect.poll(() => count('WATCHDOG=1'), { timeout: 10_000 }).toBeGreaterThan(1);
      execFileSync('nft', ['flush', 'ruleset']);
      daemon.process.kill('SIGHUP');
      await expect.poll(() => count('READY=1'), { timeout: 10_000 }).toBe(2);
      expect(count('RELOADING=1')).toBe(1);
      expect(execFileSync('nft', ['list', 'table', 'inet', 'virtnet'], { encoding: 'utf8' })).toContain('"vs1"');
      await client.call('networkDestroy', network);
      client.end();
      expect(await daemon.end()).toBe(0);
    }
    await expect.poll(() => count('STOPPING=1'), { timeout: 10_000 }).toBe(1);
    const ended = new Promise((resolve) => listener.once('close', resolve));
    listener.kill();
    await ended;
  }, 40_000);
});

describe('another virtnetd with a run folder of its own', () => {
  const config = (): string => join(folder, 'etc');
  const isHeld = (): boolean => spawnSync('flock', ['--nonblock', config(), 'true']).status !== 0;

  test('is told that it shares definitions and network; one that comes after an end is told nothing', async () => {
    mkdirSync(config());
    const first = await startVirtnetd({ folder });
    await expect.poll(isHeld).toBe(true);
    {
      const args = ['--run-dir', join(folder, 'run2')];
      await using second = await startVirtnetd({ folder, sockets: join(folder, 'sockets2'), args });
      await expect.poll(second.log).toContain(`warning another virtnetd uses '${config()}'`);
      await expect.poll(second.log).toContain('warning another virtnetd works in this network namespace');
    }
    await first.end('SIGKILL');
    expect(first.log()).not.toContain('another');
    await expect.poll(isHeld).toBe(false);
    await using third = await startVirtnetd({ folder });
    await expect.poll(isHeld).toBe(true);
    expect(third.log()).not.toContain('another');
  });
});

describe.skipIf(!has('systemd-socket-activate'))('socket activation', () => {
  test('the first client starts it, on the sockets of the units, each with its rights', async () => {
    const [rw, ro] = ['virtnetworkd-sock', 'virtnetworkd-sock-ro'].map((name) => join(folder, name)) as [string, string];
    const folders = ['--config-dir', join(folder, 'etc'), '--state-dir', join(folder, 'lib'), '--run-dir', join(folder, 'run')];
    const sockets = ['-l', rw, '-l', ro, '--fdname=virtnetworkd-sock:virtnetworkd-sock-ro', '-E', 'PATH'];
    const child = spawn('systemd-socket-activate', [...sockets, process.execPath, bundlePath(), ...folders], { stdio: 'ignore' });
    await expect.poll(() => existsSync(ro), { timeout: 10_000 }).toBe(true);
    expect(existsSync(join(folder, 'run'))).toBe(false);
    const reader = await RawClient.open(ro);
    expect(await reader.try('networkDefineXml', XML)).toMatchObject({ ok: false, error: { code: 29 } });
    const writer = await RawClient.open(rw);
    await writer.call('networkDefineXml', XML);
    expect(await reader.call('numOfDefinedNetworks', undefined)).toBe(1);
    reader.end();
    writer.end();
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill();
    expect(await ended).toBe(0);
    expect(existsSync(rw)).toBe(true);
  }, 40_000);
});

describe('an installation', () => {
  const install = (env: Readonly<Record<string, string>>, ...words: string[]): void => {
    bundlePath();
    execFileSync('sh', ['scripts/install.sh', ...words], { env: { ...process.env, ...env }, stdio: 'pipe' });
  };

  test('below DESTDIR has programs, units, manual pages and completions', () => {
    install({ DESTDIR: folder, PREFIX: '/usr' });
    const file = (name: string): string => join(folder, 'usr', name);
    expect(readlinkSync(file('bin/virtnetd'))).toBe('../lib/virtnet/bin/virtnetd');
    const version = (JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }).version;
    for (const name of ['virtnet', 'virtnetd']) {
      expect(execFileSync(file(`bin/${name}`), ['--version'], { encoding: 'utf8', cwd: '/' }).trim()).toBe(version);
    }
    expect(readFileSync(file('lib/systemd/system/virtnetd.service'), 'utf8')).toContain('ExecStart=/usr/bin/virtnetd\n');
    const texts = ['share/man/man1/virtnet.1', 'share/man/man8/virtnetd.8', 'share/bash-completion/completions/virtnet'];
    for (const name of [...texts, 'share/zsh/site-functions/_virtnet', 'share/fish/vendor_completions.d/virtnet.fish']) {
      expect(statSync(file(name)).size, name).toBeGreaterThan(500);
    }
    expect(execFileSync(file('bin/virtnet'), ['validate', 'examples/default.xml'], { encoding: 'utf8' })).not.toContain('error');
  });

  test('made again is the new one alone', () => {
    const lib = join(folder, 'usr', 'lib');
    install({ DESTDIR: folder, PREFIX: '/usr' });
    const first = readdirSync(lib, { recursive: true }).sort();
    writeFileSync(join(lib, 'virtnet', 'dist', 'virtnet-of-old.cjs'), '');
    install({ DESTDIR: folder, PREFIX: '/usr' });
    expect(readdirSync(lib, { recursive: true }).sort()).toEqual(first);
    expect(first).toContain('virtnet/dist/virtnetd-program.cjs.v8');
  });

  test('is taken away without a trace, but not under a network that runs', () => {
    const prefix = mkdtempSync(join(folder, 'prefix-'));
    install({ PREFIX: prefix });
    const virtnet = (...words: string[]): string => execFileSync(join(prefix, 'bin', 'virtnet'), words, { encoding: 'utf8' });
    writeFileSync(join(folder, 'net.xml'), XML);
    const [, name = ''] = /<name>(.*?)</.exec(XML) ?? [];
    virtnet('up', join(folder, 'net.xml'));
    expect(() => install({ PREFIX: prefix }, '--remove')).toThrow(new RegExp(`networks run: [^]*\n${name}\n`));
    virtnet('down', name);
    virtnet('undefine', name);
    install({ PREFIX: prefix }, '--remove');
    const left = readdirSync(prefix, { recursive: true, withFileTypes: true }).filter((entry) => !entry.isDirectory());
    expect(left.map((entry) => entry.name)).toEqual([]);
  });

  test.skipIf(!has('systemd-analyze'))('systemd finds nothing wrong with its units', () => {
    install({ PREFIX: folder });
    const units = join(folder, 'lib', 'systemd', 'system');
    const names = ['virtnetd.service', 'virtnetd.socket', 'virtnetd-ro.socket', 'virtnetd-admin.socket'];
    expect(readFileSync(join(units, 'virtnetd.service'), 'utf8')).toContain(`ExecStart=${folder}/bin/virtnetd\n`);
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${units}:` };
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', '--recursive-errors=no', ...names], {
      encoding: 'utf8',
      env,
    });
    expect({ status, words: stderr.split('\n').filter((line) => line.includes('virtnet')) }).toEqual({ status: 0, words: [] });
    const args = ['security', '--offline=yes', '--threshold=70', join(units, 'virtnetd.service')];
    const rated = spawnSync('systemd-analyze', args, { encoding: 'utf8', env });
    expect(rated.status, rated.stdout.split('\n').at(-2)).toBe(0);
  });
});
