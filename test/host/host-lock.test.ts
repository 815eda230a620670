import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { askFor } from '../../src/host/lock/lock-requests.ts';
import { RawClient } from '../support/raw-client.ts';
import { startVirtnetd } from '../support/virtnetd.ts';

const runDir = process.env['VIRTNET_RUN_DIR'] ?? '/run/test/run';
const paths = { runDir, stateDir: runDir, leaseScript: '/bin/true' };
const [host, other] = [linuxHost({ paths }), linuxHost({ paths })];
const file = `${runDir}/lock`;
/** Another process takes the lock for a moment. */
const isFree = (): boolean => spawnSync('flock', ['-n', file, 'true']).status === 0;

afterAll(async () => {
  await host[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

test('one writer at a time, in this process and among processes; the second is told who the first is', async () => {
  const held = await host.lock('up default');
  expect(isFree()).toBe(false);
  await expect(other.lock('down default', { timeoutMs: 50 })).rejects.toMatchObject({
    code: 'VNH004',
    message: expect.stringContaining(`process ${String(process.pid)}`) as unknown,
    details: expect.objectContaining({ holder: expect.objectContaining({ purpose: 'up default' }) as unknown }) as unknown,
  });
  const waiting = other.lock('down default', { timeoutMs: 5000 });
  await held[Symbol.asyncDispose]();
  await (await waiting)[Symbol.asyncDispose]();
  expect(isFree()).toBe(true);
});

test('nobody else may open its file, who could lock it then and keep all changes waiting', async () => {
  rmSync(file, { force: true });
  await (await host.lock('up default'))[Symbol.asyncDispose]();
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('what is in another network namespace takes its turn, too: they have the run folder in common', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'elsewhere-'));
  writeFileSync(join(folder, 'net.xml'), '<network><name>elsewhere</name></network>');
  const env = { ...process.env, VIRTNET_RUN_DIR: runDir, VIRTNET_CONFIG_DIR: join(folder, 'etc') };
  const held = await host.lock('here');
  const command = spawn('unshare', ['--net', 'bin/virtnet', 'define', join(folder, 'net.xml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env,
  });
  const ended = once(command, 'close');
  let told = '';
  command.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
    void held[Symbol.asyncDispose]();
  });
  expect(await ended).toEqual([0, null]);
  expect(told).toMatch(new RegExp(`^Waiting for process ${String(process.pid)} `));
});

test('who waits for another process is told after a second which one it is, and nobody else is', async () => {
  const told: unknown[] = [];
  const patient = linuxHost({ paths, onWait: (holder) => told.push(holder?.purpose) });
  await (await patient.lock('of this process'))[Symbol.asyncDispose]();
  const words = JSON.stringify({ pid: 1, command: 'another', purpose: 'of another', since: '', token: '' });
  const another = promisify(execFile)('flock', [file, 'sh', '-c', 'echo "$1" >"$0"; echo; exec sleep 2', file, words]);
  while (isFree());
  await (await patient.lock('after another'))[Symbol.asyncDispose]();
  await another;
  await patient[Symbol.asyncDispose]();
  expect(told).toEqual(['of another']);
});

test('a command whose change virtnetd makes says for whom that one waits', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'awaited-'));
  await using _daemon = await startVirtnetd({ folder });
  const locked = join(folder, 'run', basename(file));
  writeFileSync(join(folder, 'net.xml'), '<network><name>late</name></network>');
  const words = JSON.stringify({ pid: 1, command: 'another', purpose: 'of another', since: '', token: '' });
  const another = spawn('flock', [locked, 'sh', '-c', 'echo "$1" >"$0"; echo held; read line', locked, words], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const asked = askFor(locked);
  await once(another.stdout, 'data');
  asked();
  const env = { ...process.env, VIRTNET_RUN_DIR: join(folder, 'run') };
  const command = spawn('bin/virtnet', ['define', join(folder, 'net.xml')], { stdio: ['ignore', 'ignore', 'pipe'], env });
  const ended = once(command, 'close');
  let told = '';
  command.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
    another.stdin.end('\n');
  });
  expect(await ended).toEqual([0, null]);
  expect(told).toMatch(/^Waiting for process 1 \(another\), which changes this host's networks: of another\n/);
});

test('a lock of a process that is killed is free', async () => {
  await (await host.lock('make the file'))[Symbol.asyncDispose]();
  const killed = spawnSync('sh', ['-c', `exec 3>>"$0"; flock -x 3; kill -9 $$`, file]);
  expect(killed.signal).toBe('SIGKILL');
  await (await host.lock('after the kill', { timeoutMs: 1000 }))[Symbol.asyncDispose]();
});

test('a lock is kept until another process asks for it, or the host is closed', async () => {
  const keeping = linuxHost({ paths, keepLockMs: 50 });
  await (await keeping.lock('one change'))[Symbol.asyncDispose]();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(isFree()).toBe(false);
  const next = await keeping.lock('the next');
  expect(next.undisturbed).toBe(true);
  const another = promisify(execFile)('flock', ['-w', '20', file, 'sh', '-c', 'echo another >"$0"', file]);
  const asked = askFor(file);
  await next[Symbol.asyncDispose]();
  await another;
  asked();
  const last = await keeping.lock('after another process');
  expect(last.undisturbed).toBe(false);
  await last[Symbol.asyncDispose]();
  expect(isFree()).toBe(false);
  await keeping[Symbol.asyncDispose]();
  expect([isFree(), existsSync(`${file}.ask`)]).toEqual([true, false]);
});

test('a lock that nobody could ask for any more is given back', async () => {
  const keeping = linuxHost({ paths, keepLockMs: 50 });
  for (const purpose of ['before the removal', 'after it']) {
    await (await keeping.lock(purpose))[Symbol.asyncDispose]();
    await expect.poll(() => existsSync(`${file}.ask`)).toBe(true);
    expect(isFree()).toBe(false);
    rmSync(`${file}.ask`);
    await expect.poll(isFree, { timeout: 20_000 }).toBe(true);
  }
  await keeping[Symbol.asyncDispose]();
});

test('the lock of a file that is removed keeps nobody out: who keeps it takes it anew, and so does who waits for it', async () => {
  const keeping = linuxHost({ paths, keepLockMs: 50 });
  await (await keeping.lock('one change'))[Symbol.asyncDispose]();
  for (const path of [file, `${file}.ask`]) rmSync(path);
  const next = await keeping.lock('one change');
  expect(isFree()).toBe(false);
  await next[Symbol.asyncDispose]();
  await keeping[Symbol.asyncDispose]();

  const another = spawn('flock', [file, 'sh', '-c', 'echo held; read line'], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(another.stdout, 'data');
  const waiting = host.lock('after the removal', { timeoutMs: 20_000 });
  const waiter = new RegExp(`-> FLOCK .*:${String(statSync(file).ino)} `);
  await expect.poll(() => readFileSync('/proc/locks', 'utf8'), { timeout: 20_000 }).toMatch(waiter);
  rmSync(file);
  another.stdin.end('\n');
  const held = await waiting;
  expect(isFree()).toBe(false);
  await held[Symbol.asyncDispose]();
});

test('another process is given the lock that virtnetd keeps, again and again, and each sees what the other changed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kept-'));
  await using daemon = await startVirtnetd({ folder });
  const folders = { configDir: join(folder, 'etc'), stateDir: join(folder, 'lib'), runDir: join(folder, 'run') };
  await using driver = await openDriver(folders);
  const client = await RawClient.open(daemon.readWrite);
  const names: string[] = [];
  for (let n = 0; n < 3; n++) {
    await client.call('networkDefineXml', `<network><name>by-virtnetd-${String(n)}</name></network>`);
    expect(spawnSync('flock', ['-n', join(folder, 'run', basename(file)), 'true']).status).toBe(1);
    await driver.define(`<network><name>alone-${String(n)}</name></network>`);
    names.push(`alone-${String(n)}`, `by-virtnetd-${String(n)}`);
    for (const name of names) expect(await client.call('networkLookupByName', name)).toMatchObject({ name });
    expect((await driver.list()).map(({ name }) => name)).toEqual(names.toSorted());
  }
  client.end();
});

test('changes without a pause let another process have the lock', async () => {
  const keeping = linuxHost({ paths, keepLockMs: 50 });
  await (await keeping.lock('first'))[Symbol.asyncDispose]();
  let ended = false;
  const another = promisify(execFile)('flock', ['-w', '20', file, 'true']).finally(() => (ended = true));
  const asked = askFor(file);
  while (!ended) {
    const held = await keeping.lock('busy');
    await new Promise((resolve) => setTimeout(resolve, 1));
    await held[Symbol.asyncDispose]();
  }
  await another; // it had the lock
  asked();
  await keeping[Symbol.asyncDispose]();
});
