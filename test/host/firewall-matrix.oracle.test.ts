import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, describe, expect, test } from 'vitest';
import { expected } from '../support/packets/expectation.ts';
import { pairs, type Family } from '../support/packets/matrix.ts';

/** A row as `run-libvirt.ts` prints it. */
interface Row {
  readonly from: string;
  readonly to: string;
  readonly family: Family;
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  readonly result: string;
}

// Not under TMPDIR: the daemon's namespaces have a /run of their own.
mkdirSync('.cache', { recursive: true });
const folder = resolve(mkdtempSync('.cache/matrix-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const packets = resolve('test/support/packets');
const outfile = join(folder, 'run-libvirt.mjs');
buildSync({
  entryPoints: [join(packets, 'run-libvirt.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  define: { 'import.meta.dirname': JSON.stringify(packets) },
});

/** What a real libvirtd with this backend makes of every packet of the matrix. */
function libvirtRows(backend: 'nftables' | 'iptables'): readonly Row[] {
  const done = spawnSync('test/oracle/with-libvirtd', ['node', outfile], {
    encoding: 'utf8',
    env: { ...process.env, VIRTNET_ORACLE_FIREWALL: backend },
  });
  if (done.status !== 0) throw new Error(done.stderr);
  return JSON.parse(done.stdout.slice(done.stdout.indexOf('['))) as Row[];
}

/** What virtnet's own matrix test holds virtnet to. */
function ours(row: Row): string {
  const pair = pairs.find(({ from, to }) => from.name === row.from && to.name === row.to);
  if (!pair) throw new Error(`no pair ${row.from} ${row.to}`);
  const outcome = expected(pair.from, pair.to, row.family);
  if (typeof outcome === 'string') return outcome;
  return row.protocol === 'icmp' ? '-' : outcome.seenAs;
}

const has = { nftables: true, iptables: spawnSync('iptables', ['--version']).status === 0 };

describe.each(['nftables', 'iptables'] as const)('libvirt with its %s backend', (backend) => {
  test.skipIf(!has[backend])('does with every packet of the matrix what virtnet does', () => {
    const rows = libvirtRows(backend);
    expect(rows.length).toBeGreaterThan(700);
    const different = rows.filter((row) => row.result !== ours(row));
    expect(
      different.map((row) => `${row.from} to ${row.to} ${row.protocol} ${row.family}: libvirt ${row.result}, virtnet ${ours(row)}`),
    ).toEqual([]);
  });
});
