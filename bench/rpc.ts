/**
 * virtnetd beside libvirtd (test/oracle), one after the other: what their clients wait for, with the ratios. Needs root and the oracle.
 *   npm run bench:rpc        BENCH_MANY=10000 for ten times as many networks, BENCH_SCRIPT=20 for a shorter script of virsh commands,
 *                            BENCH_ONLY=virtnet for virtnetd alone
 */
import { execFileSync } from 'node:child_process';
import { startVirtnetd } from '../test/support/virtnetd.ts';

type Figures = Readonly<Record<string, number>>;

const load = ['scripts/run-ts.mjs', 'bench/rpc-load.ts'];
const libvirt = (): Figures => {
  const command = `exec "$0" "$@" /run/libvirt/libvirt-sock "$(pidof libvirtd)"`;
  const args = ['sh', '-c', command, process.execPath, ...load];
  return JSON.parse(execFileSync('test/oracle/with-libvirtd', args, { encoding: 'utf8' })) as Figures;
};
const virtnet = async (): Promise<Figures> => {
  await using daemon = await startVirtnetd();
  const args = [...load, daemon.readWrite, String(daemon.process.pid)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Figures;
};

const theirs = process.env['BENCH_ONLY'] === 'virtnet' ? {} : libvirt();
const ours = await virtnet();
console.log(`${''.padEnd(60)} ${'libvirt'.padStart(10)} ${'virtnet'.padStart(10)} ${'ratio'.padStart(7)}`);
for (const [what, own] of Object.entries(ours)) {
  const value = theirs[what] ?? Number.NaN;
  console.log(`${what.padEnd(60)} ${String(value).padStart(10)} ${String(own).padStart(10)} ${(own / value).toFixed(2).padStart(7)}`);
}
