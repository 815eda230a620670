import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { shaperName } from '../../src/host/marks.ts';
import { sh } from '../support/driver-documents.ts';
import { endEdge, startEdge, TOLD, UNTOLD } from '../support/edge-network.ts';
import { hostSnapshot } from '../support/host-snapshot.ts';

const driver = await openDriver();

describe('damage to one thing', () => {
  beforeAll(async () => {
    await startEdge(driver);
  });
  afterAll(async () => {
    await endEdge(driver);
    await driver[Symbol.asyncDispose]();
  });

  // One that is not mended is another one's fault only once.
  beforeEach(() => driver.repair());

  test.each([...TOLD, ...UNTOLD])('%s: diff names just that, repair mends it', async (_what, damage, named) => {
    const whole = hostSnapshot();
    sh(damage);
    const steps = (await driver.diff()).steps.map((s) => `${s.op} ${s.key}`);
    expect(steps).toEqual(named);
    expect((await driver.repair()).plan.steps.map((s) => `${s.op} ${s.key}`)).toEqual(steps);
    expect((await driver.diff()).steps).toEqual([]);
    expect(hostSnapshot()).toEqual(whole);
  });

  test("a guest is plugged in beside a network's queue that is gone, which comes back with it", async () => {
    const whole = hostSnapshot();
    sh(`ip link del ${shaperName('virbr9', 'outbound')}`);
    const attached = await driver.attach('edge', { attachment: { type: 'tap', dev: 'tthree' }, owner: { name: 'three' } });
    expect(attached.change.plan.steps.map((s) => `${s.op} ${s.key}`)).toEqual(
      expect.arrayContaining(['change shaping virbr9', 'change shaping ttwo', 'create shaping tthree']),
    );
    expect((await driver.diff()).steps).toEqual([]);
    await driver.detach('edge', 'three');
    expect(hostSnapshot()).toEqual(whole);
  });
});
