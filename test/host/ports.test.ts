import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { runChild } from '../support/driver-process.ts';
import { readLine } from '../support/ports.ts';

const ip = (line: string): string => execFileSync('ip', line.split(' '), { encoding: 'utf8' });
const links = (): readonly string[] =>
  ip('-br link')
    .trim()
    .split('\n')
    .map((line) => line.split(/[\s@]/)[0] ?? '')
    .sort();
const nat = `<network><name>lab</name><forward mode='nat'/><bridge name='virbr7'/><ip address='10.77.0.1' netmask='255.255.0.0'/></network>`;

describe('ports on the real kernel', () => {
  afterEach(async () => {
    await using driver = await openDriver();
    for (const { name, active } of await driver.list()) {
      if (active) {
        for (const { port } of await driver.ports(name)) await driver.detach(name, port.uuid);
        await driver.stop(name);
      }
      await driver.undefine(name);
    }
  });

  test('a guest is forwarded at once, with spanning tree on', async () => {
    await using driver = await openDriver();
    await driver.up([nat]);
    ip('netns add one');
    const { port } = await driver.attach('lab', { attachment: { type: 'netns', netns: 'one', guestDev: 'eth0' }, owner: { name: 'one' } });
    const dev = port.attachment.type === 'netns' ? port.attachment.dev : '';
    for (const netns of ['one', '/run/netns/one'])
      for (const dryRun of [true, false])
        await expect(driver.attach('lab', { attachment: { type: 'netns', netns, guestDev: 'eth0' } }, { dryRun })).rejects.toMatchObject({
          code: 'VNP001',
          message: expect.stringMatching(
            `^could not create link veth\\d: network namespace '${netns}' has a device named 'eth0' already`,
          ) as string,
          hint: expect.stringContaining('--dev') as string,
        });
    await driver.attach('lab', { attachment: { type: 'netns', netns: 'one', guestDev: 'eth1' } }, { dryRun: true });
    expect(readLine(`/sys/class/net/${dev}/brport/state`)).toBe('3'); // BR_STATE_FORWARDING of linux/if_bridge.h
    expect(readLine('/sys/class/net/virbr7/bridge/stp_state')).toBe('1');
    ip('-n one address add 10.77.0.2/16 dev eth0');
    execFileSync('ip', ['netns', 'exec', 'one', 'ping', '-c', '1', '-W', '1', '10.77.0.1']);
    expect((await driver.diff()).steps).toEqual([]);
    await driver.detach('lab', 'one');
    ip('netns delete one');
  });

  const modes = ['bridge', 'private', 'vepa', 'passthrough'] as const;
  test.each(modes.flatMap((mode) => (['up', 'down'] as const).map((state) => ({ mode, state }))))(
    'macvtaps in mode $mode have the guests’ MACs and a device below that is up, and that one, which was $state, is left as it was',
    async ({ mode, state }) => {
      await using driver = await openDriver();
      ip('link add up0 type veth peer name up1');
      ip(`link set up0 address 02:00:00:00:00:99 ${state}`);
      const before = ip('-br link show up0');
      await driver.up([`<network><name>direct</name><forward mode='${mode}'><interface dev='up0'/></forward></network>`]);
      const attach = async (mac: string, name: string): Promise<string> => {
        const { port } = await driver.attach('direct', { attachment: { type: 'macvtap', dev: '' }, mac, owner: { name } });
        return port.attachment.type === 'macvtap' ? ip(`-d link show ${port.attachment.dev}`) : '';
      };
      const made = await attach('52:54:00:00:00:07', 'one');
      expect(made).toContain('52:54:00:00:00:07');
      expect(made).toContain(`macvtap mode ${mode === 'passthrough' ? 'passthru' : mode}`);
      expect(ip('-br link show up0')).toMatch(/[<,]UP[,>]/);
      expect((await driver.diff()).steps).toEqual([]);
      expect(await driver.xml('direct')).toContain("<interface dev='up0' connections='1'/>");
      if (mode === 'passthrough') {
        await expect(attach('52:54:00:00:00:08', 'two')).rejects.toMatchObject({
          message: expect.stringContaining("up0 by 'one'") as unknown,
        });
        await driver.detach('direct', 'one');
      } else {
        await attach('52:54:00:00:00:08', 'two');
        expect(await driver.xml('direct')).toContain("<interface dev='up0' connections='2'/>");
        await driver.detach('direct', 'one');
        expect(ip('-br link show up0')).toMatch(/[<,]UP[,>]/);
        expect((await driver.diff()).steps).toEqual([]);
        await driver.detach('direct', 'two');
      }
      expect(ip('-br link show up0')).toBe(before);
      expect(await driver.xml('direct')).not.toContain('connections');
      ip('link delete up0');
    },
  );

  test.each(['private', 'passthrough'] as const)('guests of mode %s are counted right after a kill, and after the repair', async (mode) => {
    await using driver = await openDriver();
    ip('link add up0 type veth peer name up1');
    await driver.up([`<network><name>direct</name><forward mode='${mode}'><interface dev='up0'/></forward></network>`]);
    const request = JSON.stringify({ attachment: { type: 'macvtap', dev: '' }, owner: { name: 'one' } });
    const counted = async (guests: 0 | 1, what: string): Promise<void> => {
      await using later = await openDriver(); // as after a restart: it knows only what the files say
      for (const step of ['killed', 'repaired']) {
        if (step === 'repaired') await later.repair();
        const counts = [...(await later.xml('direct')).matchAll(/connections='(\d+)'/g)].map(([, count]) => count);
        expect(counts, `${what}, ${step}`).toEqual(guests === 0 ? [] : ['1', '1']); // the network's and its device's
      }
      expect((await later.diff()).steps, what).toEqual([]);
    };
    for (const [step, moment] of [
      [0, 'before'],
      [0, 'after'],
      [1, 'after'],
    ] as const) {
      expect(runChild('attach', step, moment, 'direct', request)).toMatchObject({ killed: true });
      await counted(1, `attach ${moment} ${String(step)}`);
      expect(runChild('detach', step, moment, 'direct', 'one')).toMatchObject({ killed: true });
      await counted(0, `detach ${moment} ${String(step)}`);
    }
    ip('link delete up0');
  });

  test('two hundred attaches and detaches at once, from two processes’ drivers, give no device twice', async () => {
    await using one = await openDriver();
    await using two = await openDriver();
    const devices = Array.from({ length: 200 }, (_, i) => `p${String(i)}`);
    const batch = (lines: readonly string[]) => execFileSync('ip', ['-batch', '-'], { input: lines.join('\n') });
    batch(devices.map((dev) => `link add ${dev} type veth peer name x${dev}`));
    const pool = devices.map((dev) => `<interface dev='${dev}'/>`).join('');
    await one.up([`<network><name>direct</name><forward mode='passthrough'>${pool}</forward></network>`]);
    const attempts = await Promise.allSettled(
      Array.from({ length: 220 }, (_, i) =>
        (i % 2 === 0 ? one : two).attach('direct', { attachment: { type: 'macvtap', dev: '' }, owner: { name: `g${String(i)}` } }),
      ),
    );
    expect(attempts.filter((a) => a.status === 'fulfilled')).toHaveLength(200);
    const ports = await two.ports('direct');
    const parents = ports.map(({ port }) => (port.plug?.type === 'direct' ? port.plug.dev : ''));
    expect(new Set(parents).size).toBe(200);
    expect(new Set(ports.map(({ port }) => port.mac)).size).toBe(200);
    await using later = await openDriver(); // as after a restart: it knows only what the files say
    expect(await later.xml('direct')).toContain("connections='200'");
    await Promise.all(ports.map(({ port }, i) => (i % 2 === 0 ? one : two).detach('direct', port.uuid)));
    expect(await one.xml('direct')).not.toContain('connections');
    expect(links().filter((name) => name.startsWith('macvtap'))).toEqual([]);
    batch(devices.map((dev) => `link delete ${dev}`));
  }, 240_000);

  test('a tap stays through a stop, and is on the bridge again with the next start', async () => {
    await using driver = await openDriver();
    await driver.up([nat]);
    const { port } = await driver.attach('lab', { attachment: { type: 'tap' }, isolated: true, owner: { name: 'one' } });
    const dev = port.attachment.type === 'tap' ? port.attachment.dev : '';
    const index = readLine(`/sys/class/net/${dev}/ifindex`);
    const bridge = readLine('/sys/class/net/virbr7/address');
    await driver.stop('lab');
    expect(existsSync(`/sys/class/net/${dev}/master`)).toBe(false);
    await driver.start('lab');
    expect(readLine(`/sys/class/net/${dev}/ifindex`)).toBe(index);
    expect(readLine(`/sys/class/net/${dev}/brport/isolated`)).toBe('1');
    expect(readLine('/sys/class/net/virbr7/address')).toBe(bridge);
    expect((await driver.diff()).steps).toEqual([]);
    await driver.stop('lab');
    await driver.detach('lab', dev);
    expect(links()).toEqual(['lo']);
  });
});
