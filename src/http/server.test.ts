import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { VirtnetError } from '../base/errors.ts';
import type { DriverEvent, NetworkDriver } from '../driver/driver.ts';
import { operations } from '../driver/remote/operations.ts';
import { remoteDriver } from '../driver/remote/remote-driver.ts';
import { httpServer, listenHttp } from './server.ts';

const uuid = '3e3fce45-4f53-4fa7-bb32-11f34168b82b';
const info = { name: 'a b', uuid, active: true, persistent: true, autostart: false, network: {}, warnings: [] };

/** A driver that writes down its calls. `answer` may throw. */
function recorder(answer: (method: string) => unknown = () => null): {
  driver: NetworkDriver;
  calls: unknown[];
  emit: (e: DriverEvent) => void;
} {
  const calls: unknown[] = [];
  const listeners = new Set<(e: DriverEvent) => void>();
  const methods = Object.keys(operations).map((name) => [
    name,
    (...args: unknown[]) => {
      calls.push([name, ...args]);
      return Promise.resolve().then(() => answer(name));
    },
  ]);
  const on = (listener: (e: DriverEvent) => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const driver = { ...Object.fromEntries(methods), on } as unknown as NetworkDriver;
  return { driver, calls, emit: (e) => listeners.forEach((l) => l(e)) };
}

describe('the HTTP face and its client', () => {
  let folder: string;
  let end: () => Promise<void>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'virtnet-http-'));
    end = () => Promise.resolve();
  });
  afterEach(async () => {
    await end();
    await rm(folder, { recursive: true });
  });

  async function pair(answer?: (method: string) => unknown): Promise<ReturnType<typeof recorder> & { remote: NetworkDriver }> {
    const local = recorder(answer);
    const socket = join(folder, 'http.sock');
    end = await listenHttp(local.driver, async (server) => {
      await once(server.listen(socket), 'listening');
    });
    return { ...local, remote: remoteDriver(socket) };
  }

  it('carries each call with its arguments to the driver', async () => {
    const { remote, calls } = await pair();
    const ref = 'odd name/../%2f';
    await remote.list();
    await remote.problems();
    await remote.awaitedLock();
    await remote.daemon();
    await remote.warnings();
    await remote.warnings([ref, { uuid }]);
    await remote.get({ name: uuid });
    await remote.get({ uuid });
    await remote.xml(ref, { inactive: true });
    await remote.define('<network/>', { validate: true });
    await remote.create('<network/>');
    await remote.edit(ref, { xml: '<network/>', was: '<network />' }, { dryRun: true, bounce: true });
    await remote.undefine(ref);
    await remote.setAutostart(ref, true);
    await remote.update(
      ref,
      { section: 'dns-host', command: 'add-last', parentIndex: -1, fragment: '<host/>', affect: 'live+config' },
      { dryRun: true },
    );
    await remote.changeForwards(ref, { add: [{ proto: 'tcp', port: 80, to: 'web' }], affect: 'live' }, { dryRun: true });
    await remote.setMetadata(ref, 'element', undefined, { uri: 'urn:x', key: 'k', affect: 'config' });
    await remote.metadata(ref, 'element', { uri: 'urn:x', affect: 'live' });
    await remote.start(ref, { dryRun: true });
    await remote.startAll(['a', { uuid }], { skipRunning: true });
    await remote.stop(ref);
    await remote.stopAll(['a'], { skipStopped: true });
    await remote.up(['<network/>'], { dryRun: true });
    await remote.diff();
    await remote.diff(ref);
    await remote.repair();
    await remote.repair(ref, { dryRun: false });
    await remote.autostart();
    await remote.ports(ref);
    await remote.createPort(ref, '<networkport/>', { reclaim: true });
    await remote.deletePort(ref, uuid);
    await remote.setPortBandwidth(ref, uuid, { inbound: { average: 1 } }, { dryRun: true });
    await remote.setPortBandwidth(ref, uuid, undefined);
    await remote.attach(ref, { attachment: { type: 'netns', netns: 'g1' } });
    await remote.detach(ref, 'vnet0');
    await remote.portStatus(ref);
    await remote.reap('lab', { dryRun: true });
    await remote.leases(ref, '52:54:00:00:00:01');
    expect(calls).toEqual([
      ['list'],
      ['problems'],
      ['awaitedLock'],
      ['daemon'],
      ['warnings', undefined],
      ['warnings', [ref, uuid]],
      ['get', { name: uuid }],
      ['get', { uuid }],
      ['xml', ref, { inactive: true }],
      ['define', '<network/>', { validate: true }],
      ['create', '<network/>', {}],
      ['edit', ref, { xml: '<network/>', was: '<network />' }, { dryRun: true, bounce: true }],
      ['undefine', ref],
      ['setAutostart', ref, true],
      [
        'update',
        ref,
        { section: 'dns-host', command: 'add-last', parentIndex: -1, fragment: '<host/>', affect: 'live+config' },
        { dryRun: true },
      ],
      ['changeForwards', ref, { add: [{ proto: 'tcp', port: 80, to: 'web' }], affect: 'live' }, { dryRun: true }],
      ['setMetadata', ref, 'element', undefined, { uri: 'urn:x', key: 'k', affect: 'config' }],
      ['metadata', ref, 'element', { affect: 'live', uri: 'urn:x' }],
      ['start', ref, { dryRun: true }],
      ['startAll', ['a', uuid], { skipRunning: true }],
      ['stop', ref, {}],
      ['stopAll', ['a'], { skipStopped: true }],
      ['up', ['<network/>'], { dryRun: true }],
      ['diff', undefined],
      ['diff', ref],
      ['repair', undefined, {}],
      ['repair', ref, { dryRun: false }],
      ['autostart', {}],
      ['ports', ref],
      ['createPort', ref, '<networkport/>', { reclaim: true }],
      ['deletePort', ref, uuid],
      ['setPortBandwidth', ref, uuid, { inbound: { average: 1 } }, { dryRun: true }],
      ['setPortBandwidth', ref, uuid, undefined, {}],
      ['attach', ref, { attachment: { type: 'netns', netns: 'g1' } }, {}],
      ['detach', ref, 'vnet0', {}],
      ['portStatus', ref],
      ['reap', 'lab', { dryRun: true }],
      ['leases', ref, '52:54:00:00:00:01'],
    ]);
    expect(new Set(calls.map((c) => (c as string[])[0]))).toEqual(new Set(Object.keys(operations)));
  });

  it("gives back the driver's answer and its errors, libvirt's part included", async () => {
    const libvirt = { code: 43, message: 'no network with matching name' };
    const { remote } = await pair((method) => {
      if (method === 'list') return [info];
      throw new VirtnetError({ code: 'VND001', message: "no network 'x'", hint: 'see `virtnet list`', libvirt });
    });
    expect(await remote.list()).toEqual([info]);
    await expect(remote.start('x')).rejects.toMatchObject({
      code: 'VND001',
      message: "no network 'x'",
      hint: 'see `virtnet list`',
      libvirt,
    });
  });

  it('tells who makes a change for whom the daemon waits', async () => {
    const holder = { pid: 7, command: 'virtnet up big.xml', purpose: 'up', since: '', token: '' };
    let tell: (holder: unknown) => void = () => undefined;
    const told = new Promise((resolve) => (tell = resolve));
    await pair((method) => (method === 'awaitedLock' ? { holder } : told));
    const remote = remoteDriver(join(folder, 'http.sock'), { onWait: (known) => tell(known) });
    await remote.start('x'); // which ends when the wait is told
    expect(await told).toEqual(holder);
  });

  it('sends events to those who follow them', async () => {
    const { remote, emit } = await pair();
    const seen = new Promise<DriverEvent>((resolve) => {
      remote.on(resolve);
    });
    const event: DriverEvent = { type: 'lifecycle', event: 'started', name: 'n', uuid };
    const again = setInterval(() => emit(event), 10);
    expect(await seen).toEqual(event);
    clearInterval(again);
    await remote[Symbol.asyncDispose]();
  });

  it('says so when no daemon answers', async () => {
    await expect(remoteDriver(join(folder, 'none')).list()).rejects.toMatchObject({ code: 'VND007' });
  });

  it('says of a daemon that lacks a call that it is older, and has what it knows', async () => {
    const app = await httpServer(recorder(() => []).driver);
    const older = createServer((request, response) => {
      if (request.url === '/v1/daemon') request.url = '/v1/not-yet';
      app.routing(request, response);
    });
    const socket = join(folder, 'older.sock');
    await once(older.listen(socket), 'listening');
    end = async () => void (older.close(), await app.close());
    const remote = remoteDriver(socket);
    await expect(remote.daemon()).rejects.toMatchObject({ code: 'VND020', message: expect.stringContaining('GET /v1/daemon') as unknown });
    expect(await remote.list()).toEqual([]);
  });

  it('refuses bodies of another shape and unknown routes with a reason', async () => {
    const app = await httpServer(recorder().driver);
    const bad = await app.inject({ method: 'POST', url: '/v1/networks', payload: { xml: 5, extra: true } });
    expect(bad.statusCode).toBe(400);
    expect(bad.json()).toMatchObject({ error: { code: 'VNU001' } });
    expect((await app.inject({ method: 'GET', url: '/v2' })).statusCode).toBe(404);
    await app.close();
  });

  it('prints metrics that escape names', async () => {
    const { driver } = recorder((m) => (m === 'list' ? [{ ...info, name: 'q"\n' }] : []));
    const app = await httpServer(driver);
    const { body } = await app.inject('/metrics');
    expect(body).toContain('virtnet_network_active{network="q\\"\\n"} 1\n');
    expect(body).toContain('virtnet_network_leases{network="q\\"\\n"} 0\n');
    await app.close();
  });
});
