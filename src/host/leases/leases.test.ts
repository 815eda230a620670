import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readLeases as readKnown } from './known-leases.ts';
import { compactLeases, type LeaseRecord } from './leases.ts';

const script = join(import.meta.dirname, '../../../libexec/virtnet-lease');
const later = Math.floor(Date.now() / 1000) + 3600;
let folder = '';
let log = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leases-'));
  log = join(folder, 'net.log');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

/** Where there is no journal. */
const readLeases = (leases: string): Promise<readonly LeaseRecord[]> => readKnown({ leases, journal: join(folder, 'none') });

/** Calls the script as dnsmasq does. */
function event(args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  return execFileSync(script, args, { env: { PATH: '/usr/bin:/bin', VIRTNET_LEASES: log, ...env }, encoding: 'utf8' });
}
const v4 = (n: number, action = 'add', expiry = later): string =>
  event([action, `52:54:00:00:00:0${String(n)}`, `10.0.0.${String(n)}`, ...(n === 1 ? ['web'] : [])], {
    DNSMASQ_LEASE_EXPIRES: String(expiry),
    DNSMASQ_INTERFACE: 'virbr0',
  });

describe('the lease log', () => {
  test('tells the leases that were given and not taken back', async () => {
    v4(1);
    v4(2);
    v4(3);
    v4(2, 'del');
    v4(3, 'old', later + 60);
    event(['add', '00:01:00:01:aa:bb', 'fd00::5'], {
      DNSMASQ_LEASE_EXPIRES: '0',
      DNSMASQ_IAID: '42',
      DNSMASQ_SERVER_DUID: '00:01:99',
      DNSMASQ_MAC: '52:54:00:00:00:05',
    });
    expect(await readLeases(log)).toEqual([
      { family: 'ipv4', ip: '10.0.0.1', mac: '52:54:00:00:00:01', hostname: 'web', expiry: later, interface: 'virbr0' },
      { family: 'ipv4', ip: '10.0.0.3', mac: '52:54:00:00:00:03', expiry: later + 60, interface: 'virbr0' },
      { family: 'ipv6', ip: 'fd00::5', iaid: '42', clientId: '00:01:00:01:aa:bb', mac: '52:54:00:00:00:05', expiry: 0 },
    ]);
  });

  test('tells a lease that was renewed after the others', async () => {
    for (const n of [1, 2, 3]) v4(n);
    v4(1, 'old', later + 60);
    expect((await readLeases(log)).map(({ ip }) => ip)).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.1']);
  });

  test('gives dnsmasq its leases back in the form of its own file', () => {
    v4(1);
    v4(2);
    v4(2, 'del');
    v4(4, 'add', 1000); // long over
    event(['add', '00:01:00:01:aa:bb', 'fd00::5', 'six'], {
      DNSMASQ_LEASE_EXPIRES: '0',
      DNSMASQ_IAID: 'T42',
      DNSMASQ_SERVER_DUID: '00:01:99',
    });
    expect(event(['init'])).toBe(`${String(later)} 52:54:00:00:00:01 10.0.0.1 web *\nduid 00:01:99\n0 T42 fd00::5 six 00:01:00:01:aa:bb\n`);
  });

  test('is empty where nothing was written', async () => {
    expect(event(['init'])).toBe('');
    expect(await readLeases(log)).toEqual([]);
  });

  test('skips a record that was cut short, wherever it was cut', async () => {
    v4(1);
    const first = readFileSync(log).length;
    v4(2);
    const whole = readFileSync(log);
    v4(3);
    const next = readFileSync(log).subarray(whole.length);
    for (let cut = first; cut < whole.length - 1; cut++) {
      writeFileSync(log, whole);
      truncateSync(log, cut);
      appendFileSync(log, next); // what comes after a full disk or a kill
      const ips = (await readLeases(log)).map((r) => r.ip);
      expect(ips, `cut at ${String(cut)}`).toEqual(['10.0.0.1', '10.0.0.3']);
    }
    expect(event(['init'])).toContain('10.0.0.3');
  });

  test('loses nothing in a compaction, not even what is written to a file that has just been closed', async () => {
    const now = { bytes: 0, ageMs: 0 };
    v4(1);
    v4(2);
    expect(await compactLeases(log, now)).toBe(true);
    v4(3);
    appendFileSync(`${log}.1`, `\nadd ${String(later)} - 52:54:00:00:00:08 10.0.0.8 * * * virbr0 * .\n`); // a slow script
    expect((await readLeases(log)).map((r) => r.ip)).toEqual(['10.0.0.1', '10.0.0.2', '10.0.0.8', '10.0.0.3']);
    const closed = readFileSync(`${log}.1`);
    expect(await compactLeases(log, now)).toBe(true);
    expect(existsSync(`${log}.1`)).toBe(false);
    v4(1, 'del');
    expect((await readLeases(log)).map((r) => r.ip)).toEqual(['10.0.0.2', '10.0.0.8', '10.0.0.3']);
    // Killed before the closed part went: it is folded twice.
    writeFileSync(`${log}.1`, closed);
    expect((await readLeases(log)).map((r) => r.ip)).toEqual(['10.0.0.2', '10.0.0.8', '10.0.0.3']);
    expect(await compactLeases(log, now)).toBe(true);
    expect((await readLeases(log)).map((r) => r.ip)).toEqual(['10.0.0.2', '10.0.0.8', '10.0.0.3']);
    expect(event(['init']).trim().split('\n')).toHaveLength(3);
  });

  test('is left alone while it is short, and while its closed part may still be written to', async () => {
    v4(1);
    expect(await compactLeases(log)).toBe(false);
    expect(await compactLeases(log, { bytes: 1, ageMs: 60_000 })).toBe(true);
    v4(2);
    utimesSync(`${log}.1`, new Date(), new Date());
    expect(await compactLeases(log, { bytes: 1, ageMs: 60_000 })).toBe(false);
    expect((await readLeases(log)).map((r) => r.ip)).toEqual(['10.0.0.1', '10.0.0.2']);
  });
});
