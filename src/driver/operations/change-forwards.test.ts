import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { memoryHost } from '../../../test/support/memory-host.ts';
import { scratch } from '../../../test/support/scratch.ts';
import { formatSpec } from '../../forwards/edit.ts';
import { forwardsOf } from '../../forwards/document.ts';
import { parseNetwork } from '../../network/read.ts';
import type { DriverEvent, NetworkDriver } from '../driver.ts';
import { openDriver } from '../open.ts';

let folder: string;
let driver: NetworkDriver;
let events: DriverEvent[];
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(async () => {
  folder = mkdtempSync(join(scratch, 'virtnet-driver-'));
  events = [];
  driver = await openDriver({
    configDir: join(folder, 'etc'),
    stateDir: join(folder, 'state'),
    runDir: join(folder, 'run'),
    host: memoryHost(folder),
  });
  await driver.up([
    `<network><name>lab</name><forward mode='nat'/><bridge name='vblab'/><ip address='10.0.0.1' prefix='24'/></network>`,
    `<network><name>closed</name><ip address='10.0.1.1' prefix='24'/></network>`,
  ]);
  await settle();
  driver.on((event) => events.push(event));
});
afterEach(async () => {
  await driver[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

/** What is listened on by the running network, and by the stored one. */
async function listens(): Promise<readonly string[]> {
  const texts = [await driver.xml('lab'), await driver.xml('lab', { inactive: true })];
  return texts.map((text) => forwardsOf(parseNetwork(text)).forwards.map(formatSpec).join(' '));
}

const web = { proto: 'tcp', port: 80, to: '10.0.0.5' } as const;

test('port forwards change in the running network, the stored one or both', async () => {
  const { plan, applied } = await driver.changeForwards('lab', { add: [web], affect: 'live+config' });
  expect([applied, plan.steps.map(({ kind, op, disturbance }) => `${op} ${kind} ${disturbance}`)]).toEqual([
    true,
    ['change firewall none'],
  ]);
  expect(await listens()).toEqual(['80/tcp', '80/tcp']);
  await driver.changeForwards('lab', { remove: [web], affect: 'live' });
  await driver.changeForwards('lab', { add: [{ ...web, port: 81 }], affect: 'config' });
  expect(await listens()).toEqual(['', '80/tcp 81/tcp']);
  await settle();
  expect(events.map(({ type }) => type)).toEqual(['metadata', 'metadata', 'metadata']);
});

test('one that is there already is no change, and a dry run makes none', async () => {
  await driver.changeForwards('lab', { add: [web], affect: 'live+config' });
  const again = await driver.changeForwards('lab', { add: [web], affect: 'live+config' });
  expect(again.plan.steps).toEqual([]);
  const dry = await driver.changeForwards('lab', { remove: [web], affect: 'live+config' }, { dryRun: true });
  expect([dry.applied, dry.plan.steps.length]).toEqual([false, 1]);
  expect(await listens()).toEqual(['80/tcp', '80/tcp']);
  await settle();
  expect(events).toHaveLength(1);
});

test('where one of the two documents refuses, neither changes', async () => {
  await driver.changeForwards('lab', { add: [web], affect: 'live' });
  await expect(driver.changeForwards('lab', { remove: [web], affect: 'config' })).rejects.toMatchObject({ code: 'VNE005' });
  await expect(driver.changeForwards('lab', { add: [{ ...web, toPort: 1 }], affect: 'live+config' })).rejects.toMatchObject({
    code: 'VNE004',
  });
  await expect(driver.changeForwards('lab', { add: [{ ...web, port: 82, to: '10.0.9.9' }], affect: 'live+config' })).rejects.toMatchObject({
    code: 'VNF001',
    message: "'10.0.9.9' is in no subnet of the network (10.0.0.0/24)",
  });
  await expect(driver.changeForwards('closed', { add: [{ ...web, to: '10.0.1.5' }], affect: 'live' })).rejects.toMatchObject({
    code: 'VNF001',
  });
  const other = { ...web, port: 83 };
  await expect(driver.changeForwards('lab', { remove: [web, other], affect: 'live+config' })).rejects.toMatchObject({ code: 'VNE005' });
  expect(await listens()).toEqual(['80/tcp', '']);
  // Gone from both, though it was in one alone.
  await driver.changeForwards('lab', { remove: [web], affect: 'live+config' });
  expect(await listens()).toEqual(['', '']);
});
