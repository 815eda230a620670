import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { remoteDriver } from '../../src/driver/remote/remote-driver.ts';
import { RawClient } from '../support/raw-client.ts';
import type { Virtnetd } from '../support/virtnetd.ts';
import { startVirtnetd } from '../support/virtnetd.ts';

/** virtnetd is stopped, killed and started again under its guests and under its clients. */

const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
const GUESTS = 100;
const NETWORKS = 4;

const xmlOf = (n: number): string =>
  `<network><name>net${n}</name><uuid>0b0b0b0b-2222-4222-8333-${String(n).padStart(12, '0')}</uuid><forward mode='nat'/>` +
  `<bridge name='vr${n}'/><ip address='10.92.${n}.1' prefix='24'><dhcp><range start='10.92.${n}.200' end='10.92.${n}.250'/></dhcp></ip></network>`;

/** A ping every 100 ms from each guest to a machine outside; gives, for each guest, the replies that are missing between the first and the last. */
function pings(): () => Promise<{ readonly sent: number; readonly missing: readonly string[] }> {
  const children = Array.from({ length: GUESTS }, (_, i) => {
    const child = spawn('ip', ['netns', 'exec', `g${i}`, 'ping', '-n', '-i', '0.1', '203.0.113.2'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    const ended = new Promise<string>((resolve) => child.once('close', () => resolve(out)));
    return { child, ended };
  });
  return async () => {
    for (const { child } of children) child.kill('SIGINT');
    const missing: string[] = [];
    let sent = 0;
    for (const [i, { ended }] of children.entries()) {
      const out = await ended;
      const seen = new Set([...out.matchAll(/icmp_seq=(\d+) ttl/g)].map((m) => Number(m[1])));
      const count = Number(/(\d+) packets transmitted/.exec(out)?.[1] ?? 0);
      sent += count;
      // The last one may have been under way when ping was told to end.
      for (let seq = 1; seq < count; seq++) if (!seen.has(seq)) missing.push(`guest ${i}, packet ${seq}`);
      if (count < 10) missing.push(`guest ${i}: only ${count} packets sent`);
    }
    return { sent, missing };
  };
}

describe('a restart under guests', () => {
  let folder: string;
  let daemon: Virtnetd;
  let driver: NetworkDriver;
  const connect = (): NetworkDriver => remoteDriver(join(folder, 'run', 'virtnetd.sock'));

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'virtnetd-'));
    sh(`ip netns add outside; ip link add up0 type veth peer name eth0 netns outside; ip addr add 203.0.113.1/24 dev up0; ip link set up0 up
        ip -n outside addr add 203.0.113.2/24 dev eth0; ip -n outside link set eth0 up
        i=0; while [ $i -lt ${GUESTS} ]; do ip netns add g$i; i=$((i + 1)); done`);
    daemon = await startVirtnetd({ folder });
    driver = connect();
    await driver.up(Array.from({ length: NETWORKS }, (_, n) => xmlOf(n)));
    for (let i = 0; i < GUESTS; i++) {
      const net = i % NETWORKS;
      await driver.attach(`net${net}`, { owner: { name: `g${i}` }, attachment: { type: 'netns', netns: `g${i}` } });
    }
    const setUp = Array.from({ length: GUESTS }, (_, i) => {
      const subnet = `10.92.${i % NETWORKS}`;
      return `ip -n g${i} -batch - <<E\naddr add ${subnet}.${2 + i}/24 dev eth0\nlink set eth0 up\nroute add default via ${subnet}.1\nE`;
    });
    sh(setUp.join('\n'));
    sh(`i=0; while [ $i -lt ${GUESTS} ]; do ip netns exec g$i ping -q -c 1 -W 10 203.0.113.2 >/dev/null || exit 1; i=$((i + 1)); done`);
  }, 120_000);
  afterAll(async () => {
    // The next daemon has other folders: to it these networks would be somebody's leftovers.
    for (let i = 0; i < GUESTS; i++) await driver.detach(`net${i % NETWORKS}`, `g${i}`);
    for (let n = 0; n < NETWORKS; n++) await driver.stop(`net${n}`);
    await driver[Symbol.asyncDispose]();
    await daemon.end();
    rmSync(folder, { recursive: true, force: true });
  }, 120_000);

  /** What a restart must leave as it is: devices by number, rules by handle, the servers by pid. */
  const held = (): string =>
    [
      sh("ip -o link | sed 's/ state .*//'"),
      sh('nft -a list table inet virtnet'),
      ...Array.from({ length: NETWORKS }, (_, n) => {
        const uuid = /<uuid>(.*)<\/uuid>/.exec(xmlOf(n))?.[1] ?? '';
        return readFileSync(join(folder, 'run', 'dnsmasq', uuid, 'pid'), 'utf8');
      }),
    ].join('\n');

  test.each(['SIGTERM', 'SIGKILL'] as const)(
    'by %s and a new process loses no packet of a hundred guests, and changes nothing',
    async (signal) => {
      const before = held();
      const stop = pings();
      await sleep(1000);
      await driver[Symbol.asyncDispose]();
      expect(await daemon.end(signal)).toBe(signal === 'SIGTERM' ? 0 : signal);
      await sleep(500);
      daemon = await startVirtnetd({ folder });
      driver = connect();
      // The new process can do all that the old one could.
      expect((await driver.diff()).steps).toEqual([]);
      const client = await RawClient.open(daemon.readWrite);
      const { networks } = await client.call('listAllNetworks', { needResults: 1, flags: 2 });
      expect(networks.map((n) => n.name).sort()).toEqual(['net0', 'net1', 'net2', 'net3']);
      for (const network of networks) {
        const { ports } = await client.call('networkListAllPorts', { network, needResults: 1, flags: 0 });
        expect(ports.length).toBe(GUESTS / NETWORKS);
      }
      client.end();
      await sleep(1000);
      const { sent, missing } = await stop();
      expect(missing).toEqual([]);
      expect(sent).toBeGreaterThan(10 * GUESTS);
      expect(held()).toBe(before);
    },
    60_000,
  );

  test('what others damaged while none ran is mended by the next one, of its own accord', async () => {
    await driver[Symbol.asyncDispose]();
    await daemon.end();
    sh('nft flush ruleset; ip link set vr1 down');
    daemon = await startVirtnetd({ folder });
    driver = connect();
    await expect.poll(async () => (await driver.diff()).steps.map(({ key }) => key), { timeout: 20_000 }).toEqual([]);
    expect(sh('nft list chain inet virtnet postrouting; ip -o link show vr1')).toMatch(/vmap @nat_from[^]*vr1: <[^>]*\bUP\b/);
    expect(daemon.log()).toContain('cause="before virtnetd started"');
  }, 60_000);
});

/** One thing that a client does to its network, and how the network is afterwards. */
const STEPS = ['define', 'start', 'update', 'destroy', 'undefine'] as const;
interface State {
  readonly defined: boolean;
  readonly active: boolean;
  readonly host: boolean;
}
const AFTER: Readonly<Record<(typeof STEPS)[number], State>> = {
  define: { defined: true, active: false, host: false },
  start: { defined: true, active: true, host: false },
  update: { defined: true, active: true, host: true },
  destroy: { defined: true, active: false, host: true },
  undefine: { defined: false, active: false, host: false },
};

describe('kill -9 under the load of 50 clients', () => {
  const CLIENTS = 50;
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'virtnetd-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  async function step(client: RawClient, n: number, what: (typeof STEPS)[number]): Promise<void> {
    const network = { name: `net${n}`, uuid: /<uuid>(.*)<\/uuid>/.exec(xmlOf(n))?.[1] ?? '' };
    const host = `<host mac='52:54:00:92:00:01' ip='10.92.${n}.9'/>`;
    switch (what) {
      case 'define':
        return void (await client.call('networkDefineXml', xmlOf(n)));
      case 'start':
        return client.call('networkCreate', network);
      case 'update': // live and config
        return client.call('networkUpdate', { network, command: 3, section: 4, parentIndex: -1, xml: host, flags: 3 });
      case 'destroy':
        return client.call('networkDestroy', network);
      case 'undefine':
        return client.call('networkUndefine', network);
    }
  }

  /** Goes round until the daemon dies; `known` says after each answer how the network is, `doing` what was not answered. */
  async function work(path: string, n: number, known: State[], doing: (State | undefined)[]): Promise<void> {
    const client = await RawClient.open(path);
    try {
      for (let i = 0; ; i++) {
        const what = STEPS[i % STEPS.length] ?? 'define';
        doing[n] = AFTER[what];
        await step(client, n, what);
        known[n] = AFTER[what];
        doing[n] = undefined;
      }
    } catch (error) {
      if (!(error instanceof Error) || error.message !== 'the server hung up') throw error;
    }
  }

  test.each([1500, 3000])(
    'after %i ms: what was answered holds, and nothing is half done',
    async (ms) => {
      const known = Array.from({ length: CLIENTS }, () => AFTER.undefine);
      const doing: (State | undefined)[] = [];
      const victim = await startVirtnetd({ folder });
      const working = Array.from({ length: CLIENTS }, (_, n) => work(victim.readWrite, n, known, doing));
      await sleep(ms);
      expect(await victim.end('SIGKILL')).toBe('SIGKILL');
      await Promise.all(working);
      expect(known.filter((state) => state.defined).length).toBeGreaterThan(5);

      await using daemon = await startVirtnetd({ folder });
      const driver = remoteDriver(join(folder, 'run', 'virtnetd.sock'));
      const client = await RawClient.open(daemon.readWrite);
      const { networks } = await client.call('listAllNetworks', { needResults: 1, flags: 0 });
      const found = Array.from({ length: CLIENTS }, async (_, n): Promise<State> => {
        const network = networks.find((x) => x.name === `net${n}`);
        if (network === undefined) return AFTER.undefine;
        const active = (await client.call('networkIsActive', network)) === 1;
        const documents = await Promise.all([0, 1].map((flags) => client.call('networkGetXmlDesc', { network, flags })));
        const hosts = documents.map((xml) => xml.includes(`ip='10.92.${n}.9'`));
        expect(new Set(hosts).size, `net${n}: a change of both documents holds in both or in none`).toBe(1);
        return { defined: true, active, host: hosts[0] === true };
      });
      for (const [n, state] of (await Promise.all(found)).entries()) {
        const allowed = [known[n], doing[n]].filter((s) => s !== undefined);
        expect(allowed, `net${n}`).toContainEqual(state);
      }
      // The host is brought in step without anybody asking, and no file of a write that was cut off stays.
      await expect.poll(async () => (await driver.diff()).steps.map((s) => `${s.op} ${s.key}`), { timeout: 20_000 }).toEqual([]);
      const bridges = sh('ls /sys/class/net')
        .split('\n')
        .filter((dev) => /^vr\d+$/.test(dev));
      const running = await client.call('listAllNetworks', { needResults: 1, flags: 2 });
      expect(bridges.sort()).toEqual(running.networks.map((x) => x.name.replace('net', 'vr')).sort());
      const files = readdirSync(join(folder, 'etc'), { recursive: true, encoding: 'utf8' });
      expect(files.filter((file) => !/^(networks|autostart)$|\.xml$/.test(file.split('/').at(-1) ?? ''))).toEqual([]);
      for (const network of running.networks) await client.call('networkDestroy', network);
      for (const network of networks) await client.call('networkUndefine', network);
      client.end();
      await driver[Symbol.asyncDispose]();
      await daemon.end();
    },
    90_000,
  );
});
