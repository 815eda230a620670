import { expect, test } from 'vitest';
import type { NetworkDriver } from '../driver/driver.ts';
import { RunningDevices } from './running-devices.ts';

const network = { uuid: '3e3fce45-4f53-4fa7-bb32-11f34168b82b', bridge: 'virbr0', active: true };

test('of two questions at once about a network that just started none is answered by what was before', async () => {
  const driver = {
    list: () => Promise.resolve([]),
    get: () => Promise.resolve(network),
    ports: () => Promise.resolve([{ attachment: { type: 'tap', dev: 'vnet0' } }]),
  } as unknown as Pick<NetworkDriver, 'list' | 'get' | 'ports'>;
  const running = new RunningDevices(driver);
  expect(await running.all()).toEqual([]);
  running.changed(network.uuid);
  const found = await Promise.all(['virbr0', 'vnet0', 'eth0'].map((device) => running.networkOf(device)));
  expect(found).toEqual([network.uuid, network.uuid, undefined]);
});
