import { execFileSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import type { ChangeOptions, NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { shaperName } from '../../src/host/marks.ts';
import { dnsmasqs, hostSnapshot } from '../support/host-snapshot.ts';
import { attachGuest, changed, isolated, nat, sh } from '../support/driver-documents.ts';
import { PATIENCE_MS } from '../support/patience.ts';

const runDir = process.env['VIRTNET_RUN_DIR'] ?? '';
const stateDir = process.env['VIRTNET_STATE_DIR'] ?? '';
const host = linuxHost({ paths: { runDir, stateDir, leaseScript: '/bin/true' }, stepSize: 'single' });
const driver: NetworkDriver = await openDriver({ host });

afterAll(() => driver[Symbol.asyncDispose]());
afterEach(async () => {
  for (const { name, active } of await driver.list()) {
    if (active) await driver.stop(name);
    await driver.undefine(name).catch(() => undefined);
  }
});

/** Makes a call fail before its first step and after each of its steps, and compares the host with what it was. */
async function failEverywhere(call: (options: ChangeOptions) => Promise<unknown>): Promise<number> {
  const before = hostSnapshot();
  let step = 0;
  for (; ; step++) {
    for (const done of step === 0 ? [false, true] : [true]) {
      let reached = false;
      const options: ChangeOptions = {
        onProgress: (p) => {
          if (p.step !== step || p.done !== done) return;
          reached = true;
          throw new Error(`injected at step ${String(step)}`);
        },
      };
      const outcome = await call(options).then(
        () => 'done',
        (error: unknown) => error,
      );
      if (!reached) {
        expect(outcome).toBe('done');
        return step;
      }
      expect(outcome).toMatchObject({ message: expect.stringContaining('injected') as string });
      expect(hostSnapshot(), `after a failure ${done ? 'after' : 'before'} step ${String(step)}`).toEqual(before);
    }
  }
}

describe('a failure at any step leaves the host as it was', () => {
  test('of a first start of two networks', async () => {
    expect(await failEverywhere((options) => driver.up([nat, isolated], options))).toBeGreaterThan(10);
  });

  test('of a live edit with a guest plugged in', async () => {
    await driver.up([nat]);
    await attachGuest(driver, 'nat', 'guest1');
    expect(await failEverywhere((options) => driver.up([changed], options))).toBeGreaterThan(3);
  });

  test('of an attach and a detach', async () => {
    await driver.up([nat]);
    sh('ip netns add guest2');
    const request = { mac: '52:54:00:00:00:02', owner: { name: 'two' }, attachment: { type: 'netns', netns: 'guest2' } } as const;
    expect(await failEverywhere((options) => driver.attach('nat', request, options))).toBeGreaterThan(2);
    expect(await failEverywhere((options) => driver.detach('nat', 'two', options))).toBeGreaterThan(0);
    sh('ip netns del guest2');
  });

  test('of a repair, but for packet rules: these come back though a DNS server cannot', async () => {
    await driver.up([nat, isolated]);
    const whole = hostSnapshot();
    const servers = dnsmasqs().map(({ pid }) => pid);
    sh(`kill -KILL ${servers.join(' ')} || true`); // a helper for scripts ends with its server
    await expect.poll(dnsmasqs, { timeout: PATIENCE_MS }).toEqual([]);
    sh('nft flush ruleset');
    const other = createSocket('udp4');
    await new Promise<void>((resolve) => void other.bind(53, '10.77.0.1', resolve));
    await expect(driver.repair()).rejects.toMatchObject({
      code: 'VNH005',
      message: expect.stringContaining('what was done before it has been undone, but for packet rules') as string,
    });
    expect(hostSnapshot().rules).toEqual(whole.rules);
    other.close();
    await driver.repair();
    expect(hostSnapshot()).toEqual(whole);
  });

  // The queue of a guest that is gone serves nobody, and cannot be made again without the guest's device.
  test('of a detach of a guest whose tap is gone, but for its queue', async () => {
    await driver.up([nat]);
    const bandwidth = { inbound: { average: 1000 } };
    await driver.attach('nat', { mac: '52:54:00:00:00:03', owner: { name: 'three' }, attachment: { type: 'tap', dev: 'tg3' }, bandwidth });
    const queues = (): string => sh('ip -brief link show type ifb');
    sh('ip link delete tg3');
    expect(queues()).toContain(shaperName('tg3', 'inbound'));
    const before = hostSnapshot().files;
    const options: ChangeOptions = {
      onProgress: ({ done }) => {
        if (done) throw new Error('injected');
      },
    };
    await expect(driver.detach('nat', 'three', options)).rejects.toMatchObject({ code: 'VNP001' });
    expect(hostSnapshot().files).toEqual(before);
    await driver.detach('nat', 'three');
    expect(queues()).not.toContain(shaperName('tg3', 'inbound'));
    expect((await driver.diff()).steps).toEqual([]);
  });

  test('of a stop of two networks', async () => {
    await driver.up([nat, isolated]);
    expect(await failEverywhere((options) => driver.stopAll(['nat', 'isolated'], options))).toBeGreaterThan(3);
    expect(execFileSync('ip', ['-brief', 'link'], { encoding: 'utf8' }).trim().split('\n')).toHaveLength(1);
  });
});
