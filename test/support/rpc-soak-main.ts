import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { SHELLS_AT_MOST } from '../../src/host/tools/shell-pool.ts';
import { RawClient } from './raw-client.ts';
import { startVirtnetd } from './virtnetd.ts';

/**
 * What virtnetd keeps of much work: its memory, descriptors and children, the host's links and rules, the files in its folders, after each part of
 * a million calls and of ten thousand lives of a network (define, start, stop, undefine). Needs namespaces of its own:
 *   npm run soak:rpc -- [--calls 1000000] [--cycles 10000] [--parts 10]
 * Prints a row a part; ends with 1 when anything but memory is more at the end than at the start. The daemon's lasting shells are counted for
 * themselves: there are more the more they had to do at one moment, up to a limit.
 */
const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '1000000' },
    cycles: { type: 'string', default: '10000' },
    parts: { type: 'string', default: '10' },
  },
});
const parts = Number(values.parts);
const folder = mkdtempSync(join(tmpdir(), 'soak-'));
const CLIENTS = 16;

/** A name and uuid of its own each time; bridge and subnet of the client that makes it. */
const xmlOf = (name: string, uuid: string, client: number): string =>
  `<network><name>${name}</name><uuid>${uuid}</uuid><forward mode='nat'/><bridge name='vs${client}'/>` +
  `<ip address='10.${97 + client}.1.1' prefix='24'><dhcp><range start='10.${97 + client}.1.2' end='10.${97 + client}.1.99'/></dhcp></ip></network>`;

/** What may grow. Counts, but for memory: `heapMiB` is what is in use after a collection, `rssMiB` what V8 has asked for. */
interface Held {
  readonly heapMiB: number;
  readonly rssMiB: number;
  /** Beside those of the lasting shells. */
  readonly fds: number;
  readonly shells: number;
  /** Beside the lasting shells. */
  readonly children: number;
  readonly links: number;
  readonly rules: number;
  readonly files: number;
}

const lines = (file: string, args: readonly string[]): number => execFileSync(file, args, { encoding: 'utf8' }).split('\n').length;

/** Memory in use, told by the probe in the daemon. */
async function heapOf(pid: number): Promise<number> {
  process.kill(pid, 'SIGUSR2');
  while (!existsSync(probe)) await sleep(5);
  const bytes = Number(readFileSync(probe, 'utf8'));
  rmSync(probe);
  return Number((bytes / 2 ** 20).toFixed(1));
}

/** A child whose command line holds the loop of a lasting shell. */
function isShell(pid: string): boolean {
  const path = `/proc/${pid}/cmdline`;
  return existsSync(path) && readFileSync(path, 'utf8').includes('become()');
}

async function look(pid: number): Promise<Held> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  const shells = children.filter(isShell).length;
  return {
    heapMiB: await heapOf(pid),
    rssMiB: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024),
    fds: readdirSync(`/proc/${pid}/fd`).length - 3 * shells,
    shells,
    children: children.length - shells,
    links: lines('ip', ['-o', 'link']),
    rules: lines('nft', ['list', 'ruleset']),
    files: readdirSync(folder, { recursive: true }).length,
  };
}

function row(what: string, held: Held): void {
  const words = Object.entries(held).map(([name, value]) => `${name} ${String(value).padStart(5)}`);
  console.log(`${what.padEnd(28)} ${words.join('  ')}`);
}

const probe = join(mkdtempSync(join(tmpdir(), 'probe-')), 'heap');
await using daemon = await startVirtnetd({
  folder,
  env: { NODE_OPTIONS: `--import ${pathToFileURL('test/support/heap-probe.mjs').href}`, HEAP_PROBE: probe },
});
const pid = daemon.process.pid ?? 0;
const clients = await Promise.all(Array.from({ length: CLIENTS }, () => RawClient.open(daemon.readWrite)));

/** One life of one network; the events of the others come in meanwhile. */
async function life(client: RawClient, n: number): Promise<void> {
  const uuid = `50a0aaaa-2222-4222-8333-${n.toString(16).padStart(12, '0')}`;
  const network = await client.call('networkDefineXml', xmlOf(`soak${n}`, uuid, clients.indexOf(client)));
  await client.call('networkCreate', network);
  await client.call('networkDestroy', network);
  await client.call('networkUndefine', network);
}

/** What clients ask all day, and what they ask wrongly. */
async function ask(client: RawClient, i: number): Promise<void> {
  const network = kept;
  const gone = { name: 'gone', uuid: '50a0bbbb-2222-4222-8333-000000000002' };
  switch (i % 12) {
    case 0:
      return void (await client.call('listAllNetworks', { needResults: 1, flags: 0 }));
    case 1:
      return void (await client.call('networkGetXmlDesc', { network, flags: 0 }));
    case 2:
      return void (await client.try('networkGetXmlDesc', { network: gone, flags: 0 }));
    case 3:
      return void (await client.call('networkGetDhcpLeases', { network, mac: undefined, needResults: 1, flags: 0 }));
    case 4: {
      const id = await client.call('networkEventRegisterAny', { eventId: 0, network: { name: 'x', uuid: gone.uuid } });
      return void (await client.call('networkEventDeregisterAny', id));
    }
    case 5:
      return void (await client.try('networkDefineXml', '<network><name>'));
    case 6:
      return void (await client.call('networkLookupByName', 'kept'));
    case 7:
      return void (await client.call('networkListAllPorts', { network, needResults: 1, flags: 0 }));
    default:
      return void (await client.call('networkIsActive', network));
  }
}

/** Runs `count` pieces of work over all clients; each client takes the next when it is done. */
async function shared(from: number, count: number, work: (client: RawClient, n: number) => Promise<void>): Promise<void> {
  let next = from;
  await Promise.all(
    clients.map(async (client) => {
      while (next < from + count) {
        await work(client, next++);
        client.order.length = 0;
      }
    }),
  );
}

const kept = { name: 'kept', uuid: '50a0bbbb-2222-4222-8333-000000000001' };
await clients[0]?.call('networkDefineXml', xmlOf(kept.name, kept.uuid, CLIENTS));
await clients[0]?.call('networkCreate', kept);
await shared(0, 32, life);
await shared(0, 5000, ask);
const first = await look(pid);
row('warm', first);
for (const [what, total, work] of [
  ['calls', Number(values.calls), ask],
  ['lives of a network', Number(values.cycles), life],
] as const) {
  for (let part = 0; part < parts && total > 0; part++) {
    const size = Math.ceil(total / parts);
    const began = performance.now();
    await shared(part * size, size, work);
    row(`${String((part + 1) * size)} ${what}`, await look(pid));
    console.log(`${''.padEnd(28)} ${Math.round(size / ((performance.now() - began) / 1000))} a second`);
  }
}
for (const client of clients) client.end();
await new Promise((resolve) => setTimeout(resolve, 1000));
const last = await look(pid);
row('clients gone', last);
const grown: string[] = (['children', 'links', 'rules', 'files'] as const).filter((what) => last[what] > first[what]);
if (last.fds > first.fds - CLIENTS) grown.push('fds');
if (last.shells > SHELLS_AT_MOST) grown.push('shells');
if (grown.length > 0) console.error(`more than at the start: ${grown.join(', ')}`);
process.exitCode = grown.length > 0 ? 1 : 0;
for (const path of [folder, dirname(probe)]) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
