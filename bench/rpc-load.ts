/**
 * What a network daemon's clients wait for, measured from outside: node scripts/run-ts.mjs bench/rpc-load.ts SOCKET PID
 * Prints one JSON object of figures. Leaves no networks behind.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RawClient } from '../test/support/raw-client.ts';

const [path = '', pid = ''] = process.argv.slice(2);
const URI = `network+unix:///system?socket=${path}`;
const MANY = Number(process.env['BENCH_MANY'] ?? 1000);
const SCRIPT = Number(process.env['BENCH_SCRIPT'] ?? 50);

interface Net {
  readonly name: string;
  readonly uuid: string;
}

const hex = (value: number, width: number): string => value.toString(16).padStart(width, '0');
const subnet = (n: number): string => `10.${100 + Math.floor(n / 250)}.${n % 250}`;
const xmlOf = (n: number): string =>
  `<network><name>net${n}</name><uuid>3e3fce45-4f53-4fa7-bb32-${hex(n, 12)}</uuid><forward mode='nat'/><bridge name='vb${n}'/>` +
  `<mac address='52:54:00:00:${hex(n >> 8, 2)}:${hex(n & 255, 2)}'/><ip address='${subnet(n)}.1' netmask='255.255.255.0'>` +
  `<dhcp><range start='${subnet(n)}.2' end='${subnet(n)}.254'/></dhcp></ip></network>`;

async function milliseconds(work: () => Promise<unknown> | unknown): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function times(count: number, work: (i: number) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < count; i++) await work(i);
}

const rssMiB = (): number => Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024);
const virsh = (...args: string[]): string =>
  execFileSync('virsh', ['-c', URI, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const rounded = (value: number): number => Math.round(value * 100) / 100;

const figures: Record<string, number> = { 'RSS idle, MiB': rssMiB() };
const note = (what: string, value: number): void => void (figures[what] = rounded(value));

/** Milliseconds of processor time that the daemon's threads have taken. One that has ended meanwhile is left out. */
const processorMs = (): number => {
  const taken = readdirSync(`/proc/${pid}/task`).map((thread) => {
    try {
      return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
    } catch {
      return 0;
    }
  });
  return taken.reduce((sum, ms) => sum + ms, 0);
};
/** Notes what calls take, each: by the clock and of the processor's time. */
const noteCalls = async (what: string, count: number, call: (i: number) => Promise<unknown>): Promise<void> => {
  const before = processorMs();
  const clock = await milliseconds(() => times(count, call));
  note(`${what}, ms`, clock / count);
  note(`${what}, ms of the processor`, (processorMs() - before) / count);
};

const client = await RawClient.open(path);
const nets: Net[] = [];
await noteCalls('define, the first 100', 100, async (i) => nets.push(await client.call('networkDefineXml', xmlOf(i))));
const first = nets[0] as Net;

const again = async (n: number): Promise<void> => {
  await client.call('networkDefineXml', xmlOf(n).replace('.254', `.${100 + (n % 100)}`));
};
const removed = async (net: Net, n: number): Promise<[number, number]> => [
  await milliseconds(() => client.call('networkUndefine', net)),
  await milliseconds(() => client.call('networkDefineXml', xmlOf(n))),
];
/** As users store definitions: a process of virsh for each. */
const byVirsh = async (n: number): Promise<number> => {
  const file = join(folder, `${n}.xml`);
  writeFileSync(file, xmlOf(n).replace('>net', '>by-virsh'));
  const ms = await milliseconds(() => virsh('net-define', file));
  await client.call('networkUndefine', await client.call('networkLookupByName', `by-virsh${n}`));
  return ms;
};
mkdirSync('.cache', { recursive: true });
const folder = mkdtempSync(resolve('.cache', 'virsh-'));
const definitions: number[] = [];
for (let n = 0; n < 40; n++) definitions.push(await byVirsh(9000 + n));
rmSync(folder, { recursive: true });
note('virsh net-define, ms, median', median(definitions));

/** Milliseconds to change a definition, to remove one and to store it anew: the median of some. */
const edits = async (where: string): Promise<void> => {
  const changes: number[] = [];
  const removals: [number, number][] = [];
  for (let n = 20; n < 60; n++) {
    changes.push(await milliseconds(() => again(n)));
    removals.push(await removed(nets[n] as Net, n));
  }
  note(`define${where}, changed, ms, median`, median(changes));
  note(`undefine${where}, ms, median`, median(removals.map(([gone]) => gone)));
  note(`define${where}, new again, ms, median`, median(removals.map(([, back]) => back)));
};
await edits('');

await times(2000, () => client.call('networkIsActive', first));
note(
  'calls a second, 1 connection',
  10_000 / ((await milliseconds(() => times(10_000, () => client.call('networkIsActive', first)))) / 1000),
);
const window = async (): Promise<unknown> => Promise.all(Array.from({ length: 32 }, () => client.call('networkIsActive', first)));
note('calls a second, 1 connection, 32 in flight', 9600 / ((await milliseconds(() => times(300, window))) / 1000));
const clients = await Promise.all(Array.from({ length: 16 }, () => RawClient.open(path)));
const all = (): Promise<unknown> => Promise.all(clients.map((c) => times(1000, () => c.call('networkIsActive', first))));
note('calls a second, 16 connections', 16_000 / ((await milliseconds(all)) / 1000));
for (const c of clients) c.end();

const starts: number[] = [];
const stops: number[] = [];
for (const net of nets.slice(0, 15)) {
  starts.push(await milliseconds(() => client.call('networkCreate', net)));
  stops.push(await milliseconds(() => client.call('networkDestroy', net)));
}
note('start, ms', median(starts));
note('destroy, ms', median(stops));

const script = async (n: number): Promise<void> => {
  virsh('net-start', `net${n}`);
  virsh('net-list', '--all');
  virsh('net-update', `net${n}`, 'add', 'ip-dhcp-host', `<host mac='52:54:00:00:00:01' ip='${subnet(n)}.9'/>`, '--live');
  virsh('net-destroy', `net${n}`);
  return Promise.resolve();
};
note(`virsh: ${SCRIPT} times start, list, update, destroy, ms`, await milliseconds(() => times(SCRIPT, script)));

await noteCalls(`define up to ${MANY} networks, each`, MANY - 100, async (i) =>
  nets.push(await client.call('networkDefineXml', xmlOf(i + 100))),
);
note(`RSS with ${MANY} networks, MiB`, rssMiB());
virsh('net-list', '--all');
const lists: number[] = [];
for (let i = 0; i < 7; i++) lists.push(await milliseconds(() => virsh('net-list', '--all')));
note(`virsh net-list --all, ${MANY} networks, ms`, median(lists));
note(`define with ${MANY} networks, ms`, (await milliseconds(() => times(20, () => client.call('networkDefineXml', xmlOf(5))))) / 20);
await edits(` with ${MANY} networks`);
starts.length = stops.length = 0;
for (const net of nets.slice(0, 9)) {
  starts.push(await milliseconds(() => client.call('networkCreate', net)));
  stops.push(await milliseconds(() => client.call('networkDestroy', net)));
}
note(`start with ${MANY} networks, ms`, median(starts));
note(`destroy with ${MANY} networks, ms`, median(stops));
note(`RSS with ${MANY} networks at the end, MiB`, rssMiB());
await noteCalls('undefine them all, each', nets.length, (i) => client.call('networkUndefine', nets[i] as Net));
client.end();
console.log(JSON.stringify(figures));
