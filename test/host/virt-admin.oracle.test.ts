import { execFile, spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/patience.ts';
import { RawClient } from '../support/raw-client.ts';
import { startVirtnetd, type Virtnetd } from '../support/virtnetd.ts';

/** virt-admin(1) and its protocol beside libvirtd: who is connected, limits, the log, the daemon's end. */

const run = promisify(execFile);
let daemon: Virtnetd;
let admin: string;

beforeAll(async () => {
  daemon = await startVirtnetd();
  admin = daemon.readWrite.replace(/-sock$/, '-admin-sock');
}, 60_000);
afterAll(() => daemon[Symbol.asyncDispose]());

const uri = (): string => `virtnetworkd:///system?socket=${admin}`;
const virtAdmin = (...args: string[]): string => {
  const { status, stdout, stderr } = spawnSync('virt-admin', ['-c', uri(), ...args], { encoding: 'utf8' });
  return `${stdout}${stderr} ${String(status)}`.trim().replace(/\n+ /, ' ');
};

test('virt-admin sees no difference', async () => {
  const program = ['sh', 'test/host/rpc/virt-admin.sh'] as const;
  const oracle = 'network+unix:///system?socket=/run/libvirt/libvirt-sock';
  const told = async (...argv: readonly [string, ...string[]]): Promise<readonly string[]> => {
    const { stdout } = await run(argv[0], argv.slice(1), { timeout: 100_000 });
    return stdout
      .replace(/[\d-]{10} [\d:]{8}\+0000/g, 'TIME')
      .replace(/\b(libvirtd|virtnetworkd)\b/g, 'DAEMON')
      .split('\n');
  };
  const readOnly = `network+unix:///system?socket=${daemon.readOnly}`;
  const ours = await told(...program, uri(), 'virtnetworkd', daemon.uri, readOnly);
  const theirs = await told('test/oracle/with-libvirtd', ...program, 'libvirtd:///system', 'libvirtd', oracle, `${oracle}-ro`);
  expect(theirs.length).toBeGreaterThan(150);
  expect(ours).toEqual(theirs);
}, 120_000);

test('nor do bare calls', async () => {
  const program = ['python3', '-B', 'test/host/rpc/admin.py'] as const;
  const ours = (await run(program[0], [...program.slice(1), admin, 'virtnetworkd', daemon.readWrite])).stdout;
  const [socket, oracleAdmin] = ['/run/libvirt/libvirt-sock', '/run/libvirt/libvirt-admin-sock'];
  const theirs = (await run('test/oracle/with-libvirtd', [...program, oracleAdmin, 'libvirtd', socket])).stdout;
  expect(theirs.split('\n').length).toBeGreaterThan(60);
  expect(ours.split('\n')).toEqual(theirs.split('\n'));
}, 60_000);

test('what virtnetd has not is refused, and said', () => {
  expect(virtAdmin('server-threadpool-info', 'virtnetworkd')).toMatch(
    /^minWorkers +: 1\nmaxWorkers +: 1\nnWorkers +: 1\nfreeWorkers +: 1\n/,
  );
  expect(virtAdmin('server-threadpool-set', 'virtnetworkd', '--max-workers', '9')).toMatch(/one thread carries out all calls 1$/);
  expect(virtAdmin('daemon-log-outputs', '3:file:/nowhere/x')).toMatch(/virtnetd writes its log to stderr, not to a file of its own 1$/);
  expect(virtAdmin('daemon-log-filters', '1:util')).toMatch(/no source to filter by; set the outputs 1$/);
  expect(virtAdmin('daemon-timeout', '--timeout', '60')).toMatch(/virtnetd does not end by itself.* 1$/);
});

test('the log says what it was set to say, and the socket is for its user alone', async () => {
  expect(statSync(admin).mode & 0o777).toBe(0o600);
  const define = async (name: string): Promise<void> => {
    const client = await RawClient.open(daemon.readWrite);
    await client.call('networkDefineXml', `<network><name>${name}</name></network>`);
    client.end();
  };
  expect(virtAdmin('daemon-log-outputs', '3:stderr')).toBe('0');
  await define('quiet');
  expect(virtAdmin('daemon-log-outputs', '')).toBe('0');
  expect(virtAdmin('daemon-log-outputs')).toBe('Logging outputs: 2:stderr 0');
  await define('loud');
  await expect.poll(() => daemon.log(), { timeout: PATIENCE_MS }).toContain('network=loud');
  expect(daemon.log()).not.toContain('network=quiet');
});

test('an administrator ends the daemon; the reply comes first', async () => {
  const ended = new Promise((resolve) => daemon.process.once('exit', resolve));
  expect(virtAdmin('daemon-shutdown')).toBe('0');
  expect(await ended).toBe(0);
});
