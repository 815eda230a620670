import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundlePath } from '../support/virtnetd.ts';

/** Definitions go from a libvirtd's own folder into virtnet, out of it again, and into another libvirtd that knew none of them. */

const uuid = (n: number): string => `0d0d0d0d-2222-4222-8333-${String(n).padStart(12, '0')}`;
const documents: Readonly<Record<string, string>> = {
  nat:
    `<network><name>nat</name><uuid>${uuid(1)}</uuid><title>A title</title><metadata><x:y xmlns:x='urn:x'>1</x:y></metadata><forward mode='nat'><nat><port start='1024' end='65535'/>` +
    `</nat></forward><bridge name='vnat0'/><mac address='52:54:00:0d:0d:01'/><domain name='nat.test' localOnly='yes'/><dns><host ip='10.94.1.5'><hostname>a</hostname></host></dns>` +
    `<ip address='10.94.1.1' netmask='255.255.255.0'><dhcp><range start='10.94.1.2' end='10.94.1.9'/><host mac='52:54:00:00:00:01' ip='10.94.1.3'/></dhcp></ip></network>`,
  'with space': `<network><name>with space</name><uuid>${uuid(2)}</uuid><bridge name='vsp0'/><mac address='52:54:00:0d:0d:02'/></network>`,
  pool: `<network><name>pool</name><uuid>${uuid(3)}</uuid><forward mode='passthrough'><interface dev='eth20'/><interface dev='eth21'/></forward></network>`,
  six: `<network ipv6='yes'><name>six</name><uuid>${uuid(4)}</uuid><forward mode='route'/><bridge name='vsix0' stp='off'/><mac address='52:54:00:0d:0d:04'/><ip family='ipv6' address='fd00:94::1' prefix='64'/></network>`,
};
const AUTOSTART = ['nat', 'six'];
const names = Object.keys(documents);

let folder: string;
beforeAll(() => {
  bundlePath();
  folder = mkdtempSync('/tmp/libvirt-folder-');
  mkdirSync(join(folder, 'documents'));
  for (const [name, xml] of Object.entries(documents)) writeFileSync(join(folder, 'documents', `${name}.xml`), xml);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a script beside a libvirtd that knows no networks; `$V` is virtnet with folders that outlive it, `$F` the test's folder. */
function beside(script: string): string {
  const virtnet = `node ${join(process.cwd(), 'dist', 'virtnet.cjs')}`;
  const env = { VIRTNET_CONFIG_DIR: join(folder, 'etc'), VIRTNET_STATE_DIR: join(folder, 'lib'), VIRTNET_RUN_DIR: join(folder, 'run') };
  const prelude = `set -e; V='${virtnet}'; F='${folder}'; N=/etc/libvirt/qemu/networks; dump() { mkdir -p "$1"; virsh -q net-list --all --name | grep . | while read -r n; do virsh net-dumpxml --inactive "$n" >"$1/$n.xml"; done; }\n`;
  return execFileSync('test/oracle/with-libvirtd', ['sh', '-c', prelude + script], {
    encoding: 'utf8',
    env: { ...process.env, ...env, TMPDIR: '/tmp' },
  });
}

/** Rows of `net-list --all`, but for the state, which a reload of libvirtd may change. */
const marks = (list: string): readonly string[] =>
  list
    .split('\n')
    .map((line) => /^\s*(.*?)\s+(?:in)?active\s+(yes|no)\s+yes\s*$/.exec(line))
    .flatMap((m) => (m === null ? [] : [`${m[1] ?? ''} ${m[2] ?? ''}`]))
    .sort();

test('what libvirtd stored is the same after a way through virtnet', () => {
  const before = beside(`for f in "$F"/documents/*.xml; do virsh -q net-define "$f" >&2; done
    for n in ${AUTOSTART.join(' ')}; do virsh -q net-autostart $n >&2; done
    dump "$F/before"; virsh -q net-list --all
    $V import-libvirt --from $N >&2; $V export-libvirt --to "$F/out" >&2`);
  expect(marks(before)).toEqual(names.map((name) => `${name} ${AUTOSTART.includes(name) ? 'yes' : 'no'}`).sort());
  // libvirtd reads its folder at SIGHUP; its links lead to files beside them.
  const after = beside(`mkdir -p $N/autostart; for f in "$F"/out/*.xml; do cp "$f" $N/; done
    for l in "$F"/out/autostart/*.xml; do ln -s "$N/$(basename "$l")" $N/autostart/; done
    kill -HUP "$(pidof libvirtd)"; i=0
    while [ "$(virsh -q net-list --all --name | grep -c .)" -lt ${names.length} ] && [ $i -lt 100 ]; do sleep 0.1; i=$((i + 1)); done
    dump "$F/after"; virsh -q net-list --all`);
  expect(marks(after)).toEqual(marks(before));
  for (const name of names) {
    const [first, second] = ['before', 'after'].map((when) => readFileSync(join(folder, when, `${name}.xml`), 'utf8'));
    expect(second, name).toBe(first);
  }
}, 60_000);
