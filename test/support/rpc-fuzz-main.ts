import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RpcServer } from '../../src/libvirt-rpc/server.ts';
import { FakeDriver } from './fake-driver.ts';
import { RawClient } from './raw-client.ts';
import { fuzz } from './rpc-fuzz.ts';
import { startVirtnetd } from './virtnetd.ts';

/**
 * The long fuzz: node scripts/run-ts.mjs test/support/rpc-fuzz-main.ts --count 1000000 [--seed N]
 *   --daemon         a real virtnetd in a process of its own; run it below scripts/isolated.sh, it makes networks
 *   --socket PATH    a daemon that runs already; nothing is cleaned up there
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    socket: { type: 'string' },
    daemon: { type: 'boolean', default: false },
  },
});
const WITNESS = { name: 'witness', uuid: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee' };
const XML = `<network><name>${WITNESS.name}</name><uuid>${WITNESS.uuid}</uuid></network>`;
const folder = mkdtempSync(join(tmpdir(), 'virtnet-fuzz-'));

/** What is fuzzed: its socket, how it is put back between batches, and what it holds at the end. */
interface Target {
  readonly path: string;
  readonly afterBatch: (sent: number) => Promise<void>;
  readonly end: () => Promise<unknown>;
}

/** The server alone, in this process, over a driver in memory. */
async function inProcess(): Promise<Target> {
  const fake = new FakeDriver();
  const server = new RpcServer({ driver: fake.driver, portXml: () => '<networkport/>' });
  const path = join(folder, 'sock');
  await server.listen({ path, mode: 0o700 }, 'read-write');
  await fake.define(XML);
  const afterBatch = async (): Promise<void> => {
    fake.networks.clear();
    fake.updates.length = 0;
    fake.metadataCalls.length = 0;
    await fake.define(XML);
  };
  const end = async (): Promise<unknown> => {
    await server.close(0);
    return { rssMiB: Math.round(process.memoryUsage().rss / 1048576), left: server.status };
  };
  return { path, afterBatch, end };
}

/** A whole daemon: its networks are real. What the messages made goes every now and then. */
async function realDaemon(): Promise<Target> {
  const daemon = await startVirtnetd({ folder });
  const status = `/proc/${String(daemon.process.pid)}`;
  const rssMiB = (): number => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`${status}/status`, 'utf8'))?.[1]) / 1024);
  const owner = await RawClient.open(daemon.readWrite);
  await owner.call('networkDefineXml', XML);
  let cleaned = 0;
  const afterBatch = async (sent: number): Promise<void> => {
    if (daemon.process.exitCode !== null || daemon.process.signalCode !== null)
      throw new Error(`virtnetd ended: ${daemon.log().slice(-2000)}`);
    if (sent - cleaned < 2000) return;
    cleaned = sent;
    const { networks } = await owner.call('listAllNetworks', { needResults: 1, flags: 0 });
    for (const network of networks.filter((n) => n.uuid !== WITNESS.uuid)) {
      await owner.try('networkDestroy', network);
      await owner.try('networkUndefine', network);
    }
  };
  const end = async (): Promise<unknown> => {
    const left = { rssMiB: rssMiB(), fds: readdirSync(`${status}/fd`).length };
    owner.end();
    return { ...left, exit: await daemon.end() };
  };
  return { path: daemon.readWrite, afterBatch, end };
}

const nothing = (): Promise<void> => Promise.resolve();
const target =
  values.socket !== undefined
    ? { path: values.socket, afterBatch: nothing, end: nothing }
    : await (values.daemon ? realDaemon() : inProcess());

const started = performance.now();
let told = 0;
const result = await fuzz({
  path: target.path,
  count: Number(values.count),
  seed: Number(values.seed),
  witness: async (client) => {
    if (values.socket !== undefined) return void (await client.call('connectGetLibVersion', undefined));
    // A mutated undefine or rename may be about the witness's network: what it sees must still be an answer.
    const found = await client.try('networkLookupByName', WITNESS.name);
    if (found.ok ? found.value.uuid !== WITNESS.uuid : found.error.code !== 43)
      throw new Error(`the witness sees ${JSON.stringify(found)}`);
  },
  afterBatch: async (sent) => {
    await target.afterBatch(sent);
    if (sent - told < 100_000) return;
    told = sent;
    console.error(`${sent} messages, ${Math.round((performance.now() - started) / 1000)} s`);
  },
});
const seconds = (performance.now() - started) / 1000;
console.log(JSON.stringify({ ...result, seconds: Math.round(seconds), ...((await target.end()) as object) }));
rmSync(folder, { recursive: true, force: true });
