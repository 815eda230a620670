import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeDriver } from '../../test/support/fake-driver.ts';
import { fuzz, silentClients } from '../../test/support/rpc-fuzz.ts';
import { RpcServer } from './server.ts';

const WITNESS = { name: 'witness', uuid: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee' };
const XML = `<network><name>${WITNESS.name}</name><uuid>${WITNESS.uuid}</uuid></network>`;

let folder: string;
let path: string;
let fake: FakeDriver;
let server: RpcServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'virtnet-fuzz-'));
  path = join(folder, 'sock');
  fake = new FakeDriver();
  await fake.define(XML);
  server = new RpcServer({ driver: fake.driver, portXml: () => '<networkport/>' });
  await server.listen({ path, mode: 0o700 }, 'read-write');
});

afterEach(async () => {
  await server.close(0);
  rmSync(folder, { recursive: true });
});

test('mutated messages neither end the server nor touch another connection', async () => {
  const silent = await silentClients(path, 50);
  const result = await fuzz({
    path,
    count: 6_000,
    seed: 20261122,
    witness: async (client) => expect(await client.call('networkLookupByName', 'witness')).toEqual(WITNESS),
    afterBatch: async () => {
      fake.networks.clear();
      fake.updates.length = 0;
      fake.metadataCalls.length = 0;
      await fake.define(XML);
    },
  });
  for (const socket of silent) socket.destroy();
  expect(result.sent).toBe(6_000);
  // Most messages are still calls: the fuzz reaches the handlers.
  expect(result.replies).toBeGreaterThan(3_000);
  await expect.poll(() => server.status).toEqual({ clients: 0, running: 0, waiting: 0, heldBytes: 0 });
}, 60_000);
