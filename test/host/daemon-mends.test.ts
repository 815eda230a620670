import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { watch } from '../../src/daemon/watch.ts';
import { openDriver } from '../../src/driver/open.ts';
import { remoteDriver } from '../../src/driver/remote/remote-driver.ts';
import { sh } from '../support/driver-documents.ts';
import { endEdge, LIMIT_OFF, startEdge, TOLD, UNTOLD } from '../support/edge-network.ts';
import { hostSnapshot } from '../support/host-snapshot.ts';
import { PATIENCE_MS } from '../support/patience.ts';
import { startVirtnetd, type Virtnetd } from '../support/virtnetd.ts';

describe('virtnetd mends what the kernel tells of, one thing at a time', () => {
  let daemon: Virtnetd;
  let driver: NetworkDriver;
  beforeAll(async () => {
    // As cron and other starters have it: where ip(8) and the like are is not in there.
    daemon = await startVirtnetd({ env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` } });
    driver = remoteDriver(join(daemon.sockets, '..', 'run', 'virtnetd.sock'));
    await startEdge(driver);
  });
  afterAll(async () => {
    await endEdge(driver);
    await driver[Symbol.asyncDispose]();
    await daemon[Symbol.asyncDispose]();
  });

  test('its log says whose port was made, and on which device', async () => {
    const line = / port created network=edge uuid=\S+ port=\S+ guest=two mac=52:54:00:99:90:12 dev=ttwo\n/;
    await vi.waitFor(() => expect(daemon.log()).toMatch(line), { timeout: PATIENCE_MS });
  });

  // Where a device is being deleted virtnetd may look too early, and do a part of the mending by taking its first try back: what it did is
  // compared on the host, and the steps in drift-of-one-thing.test.ts.
  test.each(TOLD)('%s', async (_what, damage) => {
    const whole = hostSnapshot();
    const before = daemon.log().length;
    sh(damage);
    const repaired = (): unknown =>
      /warning (network repaired network=edge|mended what others changed) .*steps=.*(create|change)/.test(daemon.log().slice(before));
    await vi.waitFor(() => expect(repaired()).toBe(true), { timeout: PATIENCE_MS, interval: 20 });
    await vi.waitFor(() => expect(hostSnapshot()).toEqual(whole), { timeout: PATIENCE_MS, interval: 50 });
  });

  /** The process of the daemon that follows the host's queues. */
  const follower = (): number =>
    Number(execFileSync('pgrep', ['--parent', String(daemon.process.pid), '--full', '^tc monitor'], { encoding: 'utf8' }));
  const CHANGES = 6000;

  test('what happened when more events came than the kernel keeps', async () => {
    const whole = hostSnapshot();
    const pid = follower();
    process.kill(pid, 'SIGSTOP');
    execFileSync('tc', ['-batch', '-'], { input: 'qdisc add dev lo root handle 1: htb\nqdisc del dev lo root\n'.repeat(CHANGES / 2) });
    sh(LIMIT_OFF);
    process.kill(pid, 'SIGCONT');
    await vi.waitFor(() => expect(hostSnapshot()).toEqual(whole), { timeout: PATIENCE_MS, interval: 50 });
    await vi.waitFor(() => expect(daemon.log()).toContain('No buffer space available'), { timeout: PATIENCE_MS });
  });

  test('what happened while nobody followed', async () => {
    const whole = hostSnapshot();
    process.kill(follower(), 'SIGKILL');
    sh(LIMIT_OFF);
    await vi.waitFor(() => expect(hostSnapshot()).toEqual(whole), { timeout: PATIENCE_MS, interval: 50 });
    expect(follower()).toBeGreaterThan(1);
  });
});

describe('it mends what nobody tells of when the network has its turn', () => {
  const log: string[] = [];
  let driver: Awaited<ReturnType<typeof openDriver>>;
  let end: () => void;
  beforeAll(async () => {
    driver = await openDriver();
    await startEdge(driver);
    end = watch(driver, () => () => undefined, {
      roundMs: 50,
      log: (_, message, fields) => void log.push(`${message} ${String(fields?.['steps'])}`),
    });
  });
  afterAll(async () => {
    end();
    await endEdge(driver);
    await driver[Symbol.asyncDispose]();
  });

  test.each(UNTOLD)('%s', async (_what, damage, steps) => {
    const whole = hostSnapshot();
    log.length = 0;
    sh(damage);
    await vi.waitFor(() => expect(log.at(-1)).toContain(steps[0]), { timeout: PATIENCE_MS, interval: 20 });
    expect(hostSnapshot()).toEqual(whole);
  });
});
