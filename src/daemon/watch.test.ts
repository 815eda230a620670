import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VirtnetError } from '../base/errors.ts';
import type { NetworkDriver } from '../driver/driver.ts';
import type { HostEvent } from '../host/monitor.ts';
import { watch } from './watch.ts';

const a = '3e3fce45-4f53-4fa7-bb32-11f34168b82b';
const b = '7d7a5a2e-1c1e-4c8a-9a55-0f5a1f0f7a11';

type Watched = Pick<NetworkDriver, 'repair' | 'list' | 'get' | 'ports' | 'on'>;

function setUp(
  repair: (ref: unknown) => boolean | readonly object[],
  quietMs = 5,
  active = true,
  firstLook = false,
  roundMs = 60_000,
  looked: () => void = () => undefined,
): {
  emit: (e: HostEvent) => void;
  repaired: unknown[];
  /** Whether each of them let clients' calls go first. */
  yielded: boolean[];
  logged: string[];
  end: () => void;
} {
  const repaired: unknown[] = [];
  const yielded: boolean[] = [];
  const logged: string[] = [];
  let listener: (e: HostEvent) => void = () => undefined;
  const driver = {
    list: async () => {
      await Promise.resolve(looked());
      return [{ uuid: a, bridge: 'virbr0', active }];
    },
    get: async () => {
      await Promise.resolve(looked());
      return { uuid: a, bridge: 'virbr0', active };
    },
    ports: () => Promise.resolve([{ attachment: { type: 'tap', dev: 'vnet0' } }]),
    on: () => () => undefined,
    repair: (ref: unknown, { yieldMs }: { yieldMs: number }) => {
      repaired.push(ref);
      yielded.push(yieldMs > 0);
      return new Promise((resolve) => {
        const made = repair(ref);
        resolve({ applied: made !== false, plan: { steps: made instanceof Array ? made : [], diagnostics: [] }, networks: [] });
      });
    },
  } as unknown as Watched;
  const end = watch(
    driver,
    (l) => {
      listener = l;
      return () => undefined;
    },
    { log: (level, message) => logged.push(`${level} ${message}`), quietMs, longestWaitMs: quietMs * 8, firstLook, roundMs },
  );
  return { emit: (e) => listener(e), repaired, yielded, logged, end };
}

/** Time goes on as the test says, whatever the machine is busy with. */
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('watch', () => {
  it('repairs the one network that an event is about, once for many events', async () => {
    const w = setUp(() => true);
    for (let i = 0; i < 20; i++) w.emit({ kind: 'device', dev: i % 2 === 0 ? 'virbr0' : 'vnet0', summary: 'x' });
    await pass(120);
    w.end();
    expect(w.repaired).toEqual([{ uuid: a }]);
    expect(w.logged).toEqual(['info mended what others changed']);
  });

  it('warns of what networks share, which is told of with none of them', async () => {
    const base = { op: 'change', key: 'firewall-base', reason: 'chain forward changed -> as made', after: { kind: 'firewall-base' } };
    const w = setUp(() => [base]);
    w.emit({ kind: 'firewall', summary: 'delete rule' });
    await pass(120);
    w.end();
    expect(w.logged).toEqual(['warning mended what others changed']);
  });

  it('takes an event for one about any network while files cannot be read, and knows the devices again afterwards', async () => {
    let isReadable = false;
    const w = setUp(
      () => true,
      5,
      true,
      false,
      60_000,
      () => {
        if (!isReadable) throw new VirtnetError({ code: 'VND009', message: 'cannot be read' });
      },
    );
    w.emit({ kind: 'device', dev: 'virbr0', summary: 'x' });
    await pass(120);
    w.emit({ kind: 'firewall', whole: true, summary: 'delete table' });
    await pass(120);
    isReadable = true;
    w.emit({ kind: 'device', dev: 'vnet0', summary: 'x' });
    w.emit({ kind: 'device', dev: 'eth0', summary: 'x' });
    await pass(120);
    w.end();
    expect(w.repaired).toEqual([undefined, undefined, { uuid: a }]);
  });

  it('looks at all that runs at the beginning, where it is told to, and where something runs', async () => {
    const [all, none, quiet] = [setUp(() => true, 5, true, true), setUp(() => true, 5, false, true), setUp(() => true)];
    await pass(80);
    for (const w of [all, none, quiet]) w.end();
    expect([all, none, quiet].map((w) => w.repaired)).toEqual([[undefined], [], []]);
  });

  it('repairs all when the table itself went, and leaves foreign devices alone', async () => {
    const w = setUp(() => true);
    w.emit({ kind: 'device', dev: 'eth7', summary: 'x' });
    w.emit({ kind: 'firewall', network: b, summary: 'x' });
    w.emit({ kind: 'firewall', summary: 'x' });
    await pass(80);
    w.end();
    expect(w.repaired).toEqual([undefined]);
  });

  it('does not wait for quiet when the table is gone', async () => {
    const w = setUp(() => true, 10_000);
    w.emit({ kind: 'firewall', network: a, summary: 'delete chain' });
    w.emit({ kind: 'firewall', whole: true, summary: 'delete table' });
    await pass(0);
    await pass(0);
    w.end();
    expect(w.repaired).toEqual([undefined]);
    expect(w.yielded).toEqual([false]);
  });

  it('lets clients go first where nothing is open', async () => {
    const w = setUp(() => true);
    w.emit({ kind: 'device', dev: 'virbr0', summary: 'x' });
    await pass(5);
    w.end();
    expect(w.yielded).toEqual([true]);
  });

  it('takes no notice of the table that the last network took along', async () => {
    const w = setUp(() => true, 1, false);
    w.emit({ kind: 'firewall', whole: true, summary: 'delete table' });
    await pass(40);
    w.end();
    expect(w.repaired).toEqual([]);
  });

  it('says nothing when nothing was out of place, or when the network was stopped meanwhile', async () => {
    const w = setUp(() => {
      throw new VirtnetError({ code: 'VND001', message: 'gone' });
    });
    w.emit({ kind: 'dnsmasq', network: a, summary: 'x' });
    await pass(40);
    expect(w.repaired).toHaveLength(1);
    expect(w.logged).toEqual([]);
    w.end();
  });

  it('says nothing of a repair that its own end cuts short', async () => {
    const w = setUp(() => {
      w.end();
      throw new Error('ip: failed without a word');
    });
    w.emit({ kind: 'dnsmasq', network: a, summary: 'x' });
    await pass(5);
    await pass(0);
    expect(w.logged).toEqual([]);
  });

  it('tells of a repair that fails, and does not try without end', async () => {
    const w = setUp(() => {
      throw new Error('no room');
    });
    for (let i = 0; i < 60; i++) {
      w.emit({ kind: 'dnsmasq', network: a, summary: 'x' });
      await pass(8);
    }
    w.end();
    expect(w.logged[0]).toBe('warning cannot mend');
    expect(w.repaired.length).toBeGreaterThan(1);
    expect(w.repaired.length).toBeLessThan(12);
  });

  it('says nothing of a device that goes while it is mended, and what a second look fails at as well', async () => {
    const fails = [true, false, true, true];
    const w = setUp(() => {
      if (fails.shift() === true) throw new VirtnetError({ code: 'VNP001', message: 'ip: Cannot find device "vnet0"' });
      return true;
    });
    for (const logged of [['info mended what others changed'], ['info mended what others changed', 'warning cannot mend']]) {
      w.emit({ kind: 'device', dev: 'vnet0', summary: 'vnet0 is down' });
      await pass(8);
      expect(w.logged).toEqual(logged);
    }
    w.end();
    expect(w.repaired).toHaveLength(4);
  });

  it('looks at each network when its turn comes, clients first, until its end', async () => {
    const w = setUp(() => false, 5, true, false, 10);
    await pass(35);
    w.end();
    await pass(60);
    expect(w.repaired).toEqual(Array(3).fill({ uuid: a }));
    expect(w.yielded).not.toContain(false);
    expect(w.logged).toEqual([]);
  });

  it('warns at every turn of what networks share, and again of what cannot be mended once something was', async () => {
    const base = { op: 'change', key: 'firewall-base', reason: 'chain forward changed -> as made', after: { kind: 'firewall-base' } };
    const turns = [() => [base], () => [base], fails, fails, () => [base], fails];
    function fails(): never {
      throw new Error('no room');
    }
    const w = setUp(() => (turns.shift() ?? (() => false))(), 5, true, false, 5);
    await pass(50);
    w.end();
    expect(w.logged).toEqual([
      'warning mended what others changed',
      'warning mended what others changed',
      'warning cannot mend',
      'warning mended what others changed',
      'warning cannot mend',
    ]);
  });

  it('has no turns where nothing runs', async () => {
    const w = setUp(() => false, 5, false, false, 1);
    await pass(60);
    w.end();
    expect(w.repaired).toEqual([]);
  });

  it('says once what cannot be mended at any turn', async () => {
    const w = setUp(
      () => {
        throw new Error('no room');
      },
      5,
      true,
      false,
      5,
    );
    await pass(16);
    w.end();
    expect(w.repaired).toHaveLength(3);
    expect(w.logged).toEqual(['warning cannot mend']);
  });
});
