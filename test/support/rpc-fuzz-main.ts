import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RpcServer } from '../../src/libvirt-rpc/server.ts';
import { FakeDriver } from './fake-driver.ts';
import { fuzz } from './rpc-fuzz.ts';

/** The long fuzz: node scripts/run-ts.mjs test/support/rpc-fuzz-main.ts --count 1000000 [--seed N] [--socket PATH of a daemon to fuzz] */
const { values } = parseArgs({
  options: { count: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' }, socket: { type: 'string' } },
});
const WITNESS = { name: 'witness', uuid: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee' };
const XML = `<network><name>${WITNESS.name}</name><uuid>${WITNESS.uuid}</uuid></network>`;
const folder = mkdtempSync(join(tmpdir(), 'virtnet-fuzz-'));
const fake = new FakeDriver();
const server = new RpcServer({ driver: fake.driver, portXml: () => '<networkport/>' });
const path = values.socket ?? join(folder, 'sock');
const own = values.socket === undefined;
if (own) await server.listen({ path, mode: 0o700 }, 'read-write');
await fake.define(XML);

const started = performance.now();
let told = 0;
const result = await fuzz({
  path,
  count: Number(values.count),
  seed: Number(values.seed),
  witness: async (client) => {
    if (!own) return void (await client.call('connectGetLibVersion', undefined));
    const found = await client.call('networkLookupByName', WITNESS.name);
    if (found.uuid !== WITNESS.uuid) throw new Error(`the witness sees ${JSON.stringify(found)}`);
  },
  afterBatch: async (sent) => {
    fake.networks.clear();
    fake.updates.length = 0;
    fake.metadataCalls.length = 0;
    await fake.define(XML);
    if (sent - told < 100_000) return;
    told = sent;
    console.error(`${sent} messages, ${Math.round(process.memoryUsage().rss / 1024 / 1024)} MiB`);
  },
});
const seconds = (performance.now() - started) / 1000;
console.log(
  JSON.stringify({ ...result, seconds: Math.round(seconds), rssMiB: Math.round(process.memoryUsage().rss / 1048576), left: server.status }),
);
await server.close(0);
rmSync(folder, { recursive: true });
