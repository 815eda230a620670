import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { NetworkDriver } from '../driver/driver.ts';
import { keepLeasesShort } from './lease-upkeep.ts';

const networks = [
  { uuid: 'long', active: true },
  { uuid: 'short', active: true },
  { uuid: 'stopped', active: false },
  { uuid: 'unreadable', active: true },
];

it('reads the leases of running networks that keep long files, again and again, until it is ended', async () => {
  const read: string[] = [];
  const looked: string[] = [];
  const driver = {
    list: () => Promise.resolve(networks),
    leases: ({ uuid }: { uuid: string }) => Promise.resolve(void read.push(uuid)),
  } as unknown as Pick<NetworkDriver, 'list' | 'leases'>;
  const isLong = (uuid: string): Promise<boolean> => {
    looked.push(uuid);
    return uuid === 'unreadable' ? Promise.reject(new Error('EACCES')) : Promise.resolve(uuid === 'long');
  };
  const end = keepLeasesShort(driver, { isLong, everyMs: 1 });
  while (read.length < 2) await sleep(1);
  await end();
  const count = read.length;
  await sleep(20);
  expect(read).toHaveLength(count);
  expect(new Set(read)).toEqual(new Set(['long']));
  expect(new Set(looked)).toEqual(new Set(['long', 'short', 'unreadable']));
});
