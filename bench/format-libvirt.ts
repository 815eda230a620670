/**
 * Documents a second for reading, checking and writing a 3 KB document, beside libvirt's own define and dumpxml of the same documents, asked
 * through one virsh (test/oracle/with-libvirtd starts a private libvirtd for it). Run it with `npm run bench:format-libvirt`, as root.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readNetwork, writeNetwork } from '../src/network/index.ts';
import { sample } from './sample-document.ts';

const COUNT = Number(process.argv[2] ?? 300);
const folder = mkdtempSync(join(tmpdir(), 'virtnet-bench-'));
try {
  const documents = Array.from({ length: COUNT }, (_, i) => {
    const third = `${String(i >> 8)}${String(i & 255).padStart(3, '0')}`;
    return sample(26)
      .replace('<name>sample</name>', `<name>sample${String(i)}</name>`)
      .replace(/<uuid>.*<\/uuid>/, `<uuid>09b11c53-8b5c-4eeb-8f00-${third.padStart(12, '0')}</uuid>`)
      .replace(/<bridge name='[^']*'/, `<bridge name='vb${String(i)}'`);
  });
  const script = documents.map((text, i) => {
    const file = join(folder, `${String(i)}.xml`);
    writeFileSync(file, text);
    return `net-define ${file}\nnet-dumpxml sample${String(i)}\nnet-undefine sample${String(i)}\n`;
  });
  const virsh = (text: string): number => {
    writeFileSync(join(folder, 'script'), text);
    // Timed beside the daemon, so that its start does not count; the answer is the number of documents it printed, and the seconds.
    const timed = `s=$(date +%s%N); n=$(virsh -q < ${join(folder, 'script')} | grep -c '</network>'); e=$(date +%s%N); echo $n $(( (e - s) / 1000 ))`;
    const [printed, microseconds] = execFileSync('test/oracle/with-libvirtd', ['sh', '-c', timed], { encoding: 'utf8' })
      .trim()
      .split(' ')
      .map(Number);
    if (text !== '' && printed !== COUNT) throw new Error(`libvirt printed ${String(printed)} of ${String(COUNT)} documents`);
    return (microseconds ?? NaN) / 1e6;
  };
  const libvirt = (virsh(script.join('')) - virsh('')) / COUNT;
  for (const text of documents) readNetwork(text); // warm
  const started = performance.now();
  for (const text of documents) {
    const { network } = readNetwork(text);
    if (!network) throw new Error('refused');
    writeNetwork(network);
  }
  const ours = (performance.now() - started) / 1000 / COUNT;
  process.stdout.write(`libvirt, define + dumpxml + undefine through one virsh   ${(1 / libvirt).toFixed(0)} documents a second\n`);
  process.stdout.write(`virtnet, read + check + write in one process             ${(1 / ours).toFixed(0)} documents a second\n`);
  process.stdout.write(`ratio                                                    ${(libvirt / ours).toFixed(1)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
