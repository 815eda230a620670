import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { remoteDriver } from '../../src/driver/remote/remote-driver.ts';

const run = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
const runDir = process.env['VIRTNET_RUN_DIR'] ?? '';
const UUID = '6b1c2c2e-6c3b-4f57-8a4f-1f5bb0a4d6a1';
const network = (name: string, uuid: string, bridge: string, third: number): string => `<network><name>${name}</name><uuid>${uuid}</uuid>
  <forward mode='nat'/><bridge name='${bridge}' stp='off'/><mac address='52:54:00:77:00:${String(third)}'/>
  <ip address='192.168.${String(third)}.1' netmask='255.255.255.0'><dhcp><range start='192.168.${String(third)}.100' end='192.168.${String(third)}.200'/></dhcp></ip></network>`;

/** What a burst of pings saw: replies by their sequence numbers. */
interface Probe {
  readonly sent: number;
  /** Milliseconds that passed between the two answers farthest apart. */
  readonly gapMs: number;
  readonly received: number;
}

/** Pings every 10 ms until told to stop. */
function probe(netns: string, target: string): () => Promise<Probe> {
  const child = spawn('ip', ['netns', 'exec', netns, 'ping', '-D', '-i', '0.01', '-W', '1', target], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return async () => {
    child.kill('SIGINT');
    await ended;
    const times = [...out.matchAll(/^\[(\d+\.\d+)\] \d+ bytes from/gm)].map((m) => Number(m[1]) * 1000);
    const gapMs = times.slice(1).reduce((worst, t, i) => Math.max(worst, t - (times[i] ?? t)), 0);
    return { sent: Number(/(\d+) packets transmitted/.exec(out)?.[1]), received: times.length, gapMs };
  };
}

/** Connections that the rules refuse and that got through all the same, and the milliseconds from the first of them to the last. */
interface Leak {
  readonly count: number;
  readonly ms: number;
}

/** Tries a connection that the rules refuse, as often as it can, until told to stop. */
function forbidden(): () => Promise<Leak> {
  const program = `import socket,sys,signal,time
n=0; stop=[]; first=last=0
signal.signal(signal.SIGINT, lambda *a: stop.append(1))
while not stop:
  s=socket.socket(); s.settimeout(0.05)
  try:
    s.connect(('192.168.77.21', 9)); n+=1; last=time.monotonic(); first=first or last
  except ConnectionRefusedError as e: pass
  except OSError: pass
  s.close(); time.sleep(0.002)
print(n, (last-first)*1000)`;
  const child = spawn('ip', ['netns', 'exec', 'outside', 'python3', '-c', program], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return async () => {
    child.kill('SIGINT');
    await ended;
    const [count = 0, ms = 0] = out.trim().split(' ').map(Number);
    return { count, ms };
  };
}

describe('virtnetd mends what others damage', () => {
  let daemon: ChildProcess;
  let driver: NetworkDriver;
  let log = '';
  beforeAll(async () => {
    run(`ip netns add outside; ip link add up0 type veth peer name eth0 netns outside; ip addr add 203.0.113.1/24 dev up0; ip link set up0 up
         ip -n outside addr add 203.0.113.2/24 dev eth0; ip -n outside link set eth0 up; ip -n outside route add 192.168.0.0/16 via 203.0.113.1
         for g in one two far; do ip netns add $g; done`);
    daemon = spawn(process.execPath, ['dist/virtnetd.cjs', '--libvirt-sockets', join(runDir, 'libvirt'), '--log-level', 'debug'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    daemon.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const socket = join(runDir, 'virtnetd.sock');
    for (let i = 0; i < 300 && !existsSync(socket); i++) await sleep(50);
    driver = remoteDriver(socket);
    await driver.up([network('damaged', UUID, 'vbd0', 77), network('other', '7d7a5a2e-1c1e-4c8a-9a55-0f5a1f0f7a11', 'vbo0', 78)]);
    for (const [net, netns, address] of [
      ['damaged', 'one', '192.168.77.21'],
      ['damaged', 'two', '192.168.77.22'],
      ['other', 'far', '192.168.78.21'],
    ] as const) {
      await driver.attach(net, { owner: { name: netns }, attachment: { type: 'netns', netns } });
      run(`ip -n ${netns} addr add ${address}/24 dev eth0; ip -n ${netns} link set eth0 up
           ip -n ${netns} route add default via ${address.replace(/\d+$/, '1')}`);
    }
    run('for g in one far; do ip netns exec $g ping -c 1 -W 5 203.0.113.2; done; ip netns exec one ping -c 1 -W 5 192.168.77.22');
    // A service in the guest that nobody outside may reach.
    spawn(
      'ip',
      [
        'netns',
        'exec',
        'one',
        'python3',
        '-c',
        "import socket;s=socket.create_server(('192.168.77.21',9));\nwhile True: s.accept()[0].close()",
      ],
      {
        stdio: 'ignore',
      },
    ).unref();
    await sleep(1000);
  }, 90_000);
  afterAll(async () => {
    await driver[Symbol.asyncDispose]();
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill();
    await ended;
  });

  /** Damages, waits until the daemon says that it mended and a look finds nothing out of place, and gives what the probes saw. */
  async function mended(
    damage: string,
  ): Promise<{ readonly outside: Probe; readonly other: Probe; readonly leaked: Leak; readonly ms: number }> {
    const probes = [probe('one', '203.0.113.2'), probe('far', '203.0.113.2')];
    const leak = forbidden();
    await sleep(700);
    const mends = (): number => log.split('mended what others changed').length;
    const before = mends();
    const started = performance.now();
    run(damage);
    for (let waited = false; !waited && performance.now() - started < 10_000; await sleep(10)) {
      waited = mends() > before && (await driver.diff('damaged')).steps.length === 0;
    }
    const ms = performance.now() - started;
    await sleep(700);
    const [outside, other] = (await Promise.all(probes.map((p) => p()))) as [Probe, Probe];
    return { outside, other, leaked: await leak(), ms };
  }

  it.each([
    ['its own chain emptied', `nft flush chain inet virtnet n_${UUID.replaceAll('-', '_')}_nat`],
    ['the whole ruleset flushed', 'nft flush ruleset'],
    ['the bridge set down', 'ip link set vbd0 down'],
    ["the bridge's address removed", 'ip addr del 192.168.77.1/24 dev vbd0'],
    ['forwarding off', 'echo 0 >/proc/sys/net/ipv4/ip_forward'],
    ["forwarding off for the bridge's packets", 'echo 0 >/proc/sys/net/ipv4/conf/vbd0/forwarding'],
    ["a guest's device taken off the bridge", 'ip link set $(ls /sys/class/net/vbd0/brif | head -n 1) nomaster'],
  ])(
    '%s',
    async (what, damage) => {
      const { outside, other, leaked, ms } = await mended(damage);
      expect((await driver.diff()).steps).toEqual([]);
      expect(log).toContain('mended what others changed');
      // The other network's packets, unless all rules went (its translation too) or all forwarding.
      if (!/ruleset|ip_forward/.test(damage)) expect(other.received).toBeGreaterThanOrEqual(other.sent - 1);
      expect(outside.received).toBeGreaterThan(outside.sent / 4);
      process.stderr.write(
        `${what}: mended after ${ms.toFixed(0)} ms, longest silence ${outside.gapMs.toFixed(0)} ms, other network's ${other.gapMs.toFixed(0)} ms, ` +
          `${String(leaked.count)} forbidden connections within ${leaked.ms.toFixed(0)} ms\n`,
      );
    },
    60_000,
  );

  it('dnsmasq killed', async () => {
    const pid = readFileSync(join(runDir, 'dnsmasq', UUID, 'pid'), 'utf8').trim();
    const { outside, ms } = await mended(`kill -9 ${pid}`);
    expect(readFileSync(join(runDir, 'dnsmasq', UUID, 'pid'), 'utf8').trim()).not.toBe(pid);
    expect(outside.received).toBeGreaterThanOrEqual(outside.sent - 1);
    process.stderr.write(`dnsmasq killed: there again after ${ms.toFixed(0)} ms\n`);
  }, 60_000);
});
