/**
 * virtnetd beside libvirtd (test/oracle), one after the other: what their clients wait for, with the ratios. Needs root and the oracle.
 *   npm run bench:rpc        BENCH_MANY=10000 for ten times as many networks, BENCH_SCRIPT=20 for a shorter script of virsh commands,
 *                            BENCH_ONLY=virtnet for virtnetd alone, BENCH_FOLDER=/dev/shm for definitions in memory instead of on the disk of .cache
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startVirtnetd } from '../test/support/virtnetd.ts';

type Figures = Readonly<Record<string, number>>;

const load = ['scripts/run-ts.mjs', 'bench/rpc-load.ts'];
// Both daemons keep definitions on the same file system: both wait for a disk, as on a host, or neither does. (/tmp may be in memory here.)
const place = resolve(process.env['BENCH_FOLDER'] ?? '.cache');
mkdirSync(place, { recursive: true });
const folder = mkdtempSync(join(place, 'virtnet-bench-'));
// ext4 goes over the inodes that were removed a moment ago, one by one, before it gives out one of the same group: what the first daemon removed would
// slow the second one's definitions down. A folder with this mark has each folder in it in a group of its own; other file systems do not know it.
spawnSync('chattr', ['+T', folder], { stdio: 'ignore' });
const libvirt = (): Figures => {
  const command = `exec "$0" "$@" /run/libvirt/libvirt-sock "$(pidof libvirtd)"`;
  const args = ['sh', '-c', command, process.execPath, ...load];
  const config = join(folder, 'libvirtd');
  mkdirSync(config);
  const env = { ...process.env, VIRTNET_ORACLE_CONFIG: config };
  return JSON.parse(execFileSync('test/oracle/with-libvirtd', args, { encoding: 'utf8', env })) as Figures;
};
const virtnet = async (): Promise<Figures> => {
  await using daemon = await startVirtnetd({ folder: join(folder, 'virtnet') });
  const args = [...load, daemon.readWrite, String(daemon.process.pid)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Figures;
};

let theirs: Figures = {};
let ours: Figures = {};
try {
  if (process.env['BENCH_ONLY'] !== 'virtnet') theirs = libvirt();
  ours = await virtnet();
} finally {
  rmSync(folder, { recursive: true });
}
console.log(`${''.padEnd(60)} ${'libvirt'.padStart(10)} ${'virtnet'.padStart(10)} ${'ratio'.padStart(7)}`);
for (const [what, own] of Object.entries(ours)) {
  const value = theirs[what] ?? Number.NaN;
  console.log(`${what.padEnd(60)} ${String(value).padStart(10)} ${String(own).padStart(10)} ${(own / value).toFixed(2).padStart(7)}`);
}
