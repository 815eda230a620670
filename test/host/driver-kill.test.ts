import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { attachGuest, changed, isolated, nat, sh } from '../support/driver-documents.ts';
import { runChild } from '../support/driver-process.ts';
import { hostSnapshot, type HostSnapshot } from '../support/host-snapshot.ts';

const driver = await openDriver();
afterAll(() => driver[Symbol.asyncDispose]());

const PATIENCE = 280_000;

/** The next process brings what a killed one left to rest, and what is at rest has nothing left over. */
async function converges(what: string): Promise<void> {
  await driver.repair();
  expect(
    (await driver.diff()).steps.map((s) => `${s.op} ${s.key}`),
    `${what}: left after a repair`,
  ).toEqual([]);
  expect(hostSnapshot().files[`${process.env['VIRTNET_RUN_DIR'] ?? ''}/pending`], `${what}: still marked`).toBeUndefined();
}

/** Kills a call before its first step, and after each of its steps. */
async function killEverywhere(
  call: 'up' | 'stop',
  args: readonly string[],
  prepare: () => Promise<void>,
  check: (what: string) => Promise<void>,
): Promise<number> {
  for (let step = 0; ; step++) {
    for (const moment of step === 0 ? (['before', 'after'] as const) : (['after'] as const)) {
      await prepare();
      const { killed } = runChild(call, step, moment, ...args);
      if (!killed) return step;
      await check(`killed ${moment} step ${String(step)} of ${call}`);
    }
  }
}

const down = async (): Promise<void> => {
  const running = (await driver.list()).filter((n) => n.active).map((n) => n.name);
  if (running.length > 0) await driver.stopAll(running);
};

describe('killed at any step, the next run converges', () => {
  test(
    'of a start: to running networks by the same call, and to nothing by a stop',
    async () => {
      await driver.up([nat, isolated]);
      const running = hostSnapshot();
      await down();
      const stopped = hostSnapshot();
      const steps = await killEverywhere('up', [nat, isolated], down, async (what) => {
        if (what.length % 2 === 0) await converges(what); // with and without a repair before
        await driver.up([nat, isolated]);
        expect(hostSnapshot(), what).toEqual(running);
        await down();
        expect(hostSnapshot(), what).toEqual(stopped);
      });
      expect(steps).toBeGreaterThan(10);
    },
    PATIENCE,
  );

  test(
    'of a stop: to stopped networks, with nothing left over',
    async () => {
      await down();
      const stopped = hostSnapshot();
      const start = async (): Promise<void> => void (await driver.up([nat, isolated]));
      const steps = await killEverywhere('stop', ['nat', 'isolated'], start, async (what) => {
        await converges(what);
        await down();
        expect(hostSnapshot(), what).toEqual(stopped);
      });
      expect(steps).toBeGreaterThan(2);
      await down();
    },
    PATIENCE,
  );

  test(
    'of a live edit: to the new document, and the guest keeps its link',
    async () => {
      await driver.up([nat]);
      const port = await attachGuest(driver, 'nat', 'kept');
      const dev = 'dev' in port.attachment ? port.attachment.dev : '';
      const index = sh(`cat /sys/class/net/${dev}/ifindex`);
      await driver.up([changed]);
      const edited: HostSnapshot = hostSnapshot();
      const steps = await killEverywhere(
        'up',
        [changed],
        async () => void (await driver.up([nat])),
        async (what) => {
          await converges(what);
          await driver.up([changed]);
          expect(hostSnapshot(), what).toEqual(edited);
          expect(sh(`cat /sys/class/net/${dev}/ifindex`), what).toBe(index);
        },
      );
      expect(steps).toBeGreaterThan(3);
      await driver.detach('nat', 'kept');
      sh('ip netns del kept');
      await down();
    },
    PATIENCE,
  );

  test.each([
    ['a lasting shell runs', {}],
    ['is started directly, for the folder of its input is full', { TMPDIR: '/nowhere' }],
  ])('in the middle of what a tool still does that %s: that is waited for', async (_how, environment) => {
    await driver.up([isolated]);
    await down();
    const stopped = hostSnapshot();
    const folder = mkdtempSync(join(tmpdir(), 'slow-nft-'));
    // Rules are loaded a second late, when the process that asked for it is long dead.
    const late = 'for word; do if [ "$word" = -f ]; then sleep 1; fi; done';
    writeFileSync(join(folder, 'nft'), `#!/bin/sh\n${late}\nexec ${sh('command -v nft').trim()} "$@"\n`, { mode: 0o755 });
    writeFileSync(join(folder, 'isolated.xml'), isolated);
    try {
      const env = { ...process.env, ...environment, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
      const victim = spawn('bin/virtnet', ['up', join(folder, 'isolated.xml')], { env, stdio: 'ignore' });
      await expect.poll(() => existsSync(`${process.env['VIRTNET_RUN_DIR'] ?? ''}/pending`), { timeout: 20_000, interval: 5 }).toBe(true);
      await sleep(300); // its tools have their work
      const ended = once(victim, 'exit');
      victim.kill('SIGKILL');
      expect(await ended).toEqual([null, 'SIGKILL']);
      expect(sh('nft list tables')).not.toContain('virtnet');
      await driver.repair();
      await down();
      await sleep(1500); // nothing comes any more
      expect(hostSnapshot()).toEqual(stopped);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
