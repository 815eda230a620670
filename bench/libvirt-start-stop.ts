import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/**
 * What libvirtd takes to start stored networks one after another, and to stop them, asked through one virsh (test/oracle/with-libvirtd
 * starts a private one).
 * @param documents with the name of each.
 * @returns milliseconds; undefined where libvirtd is not installed.
 */
export function libvirtStartStop(
  documents: readonly { readonly name: string; readonly xml: string }[],
): { readonly start: number; readonly stop: number } | undefined {
  if (spawnSync('libvirtd', ['--version'], { stdio: 'ignore' }).status !== 0) return undefined;
  mkdirSync('.cache', { recursive: true });
  const folder = mkdtempSync(resolve('.cache', 'bench-')); // the daemon has a /run and a /tmp of its own
  try {
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const each = (verb: string): string => file(verb, documents.map(({ name }) => `${verb} ${name}\n`).join(''));
    const define = file('define', documents.map(({ name, xml }) => `net-define ${file(`${name}.xml`, xml)}\n`).join(''));
    const all = (which: string): string => `[ "$(virsh -q net-list --name ${which} | grep -c .)" -eq ${String(documents.length)} ]`;
    const script = `set -e; virsh -q <${define} >/dev/null
      a=$(date +%s%N); virsh -q <${each('net-start')} >/dev/null; b=$(date +%s%N); ${all('')}
      c=$(date +%s%N); virsh -q <${each('net-destroy')} >/dev/null; d=$(date +%s%N); ${all('--inactive')}
      echo $((b - a)) $((d - c))`;
    const answer = execFileSync('test/oracle/with-libvirtd', ['sh', '-c', script], { encoding: 'utf8' });
    const [start = NaN, stop = NaN] = answer
      .trim()
      .split(' ')
      .map((nanoseconds) => Number(nanoseconds) / 1e6);
    return { start, stop };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
