/**
 * Documents a second for reading, checking and writing, beside a bare libxml2 parse of the same texts in the same run.
 *   node scripts/run-ts.mjs bench/format.ts [CORPUS]
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XmlDocument } from 'libxml2-wasm';
import { readNetwork, writeNetwork } from '../src/network/index.ts';
import { sample } from './sample-document.ts';

/** Median time of one call in milliseconds, over at least `rounds` calls and 300 ms. */
function median(rounds: number, work: () => void): number {
  const times: number[] = [];
  const until = performance.now() + 300;
  for (let i = 0; i < rounds || performance.now() < until; i++) {
    const start = performance.now();
    work();
    times.push(performance.now() - start);
  }
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
}

function ours(text: string): void {
  const { network } = readNetwork(text);
  if (network) writeNetwork(network);
}

function floor(text: string): void {
  XmlDocument.fromString(text).dispose();
}

function compare(title: string, text: string, rounds: number): void {
  for (let i = 0; i < rounds; i++) {
    ours(text);
    floor(text);
  }
  const us = median(rounds, () => {
    ours(text);
  });
  const base = median(rounds, () => {
    floor(text);
  });
  process.stdout.write(
    `${title}: ${String(text.length)} bytes, ${us.toFixed(3)} ms (${(1000 / us).toFixed(0)} a second), libxml2 ${base.toFixed(3)} ms, ratio ${(us / base).toFixed(2)}\n`,
  );
}

const folder = join(process.argv[2] ?? '../shared/corpus/visible', 'valid');
if (existsSync(folder)) {
  const texts = readdirSync(folder)
    .filter((f) => f.endsWith('.xml'))
    .map((f) => readFileSync(join(folder, f), 'utf8'));
  const one = (work: (text: string) => void): number =>
    median(20, () => {
      for (const t of texts) work(t);
    });
  const us = one(ours);
  const base = one((t) => {
    try {
      floor(t);
    } catch {
      /* libxml2-wasm is stricter about encodings than libvirt's libxml2 */
    }
  });
  process.stdout.write(
    `corpus: ${String(texts.length)} documents, ${((1000 * texts.length) / us).toFixed(0)} a second; libxml2 alone ${((1000 * texts.length) / base).toFixed(0)}, ratio ${(us / base).toFixed(2)}\n`,
  );
} else process.stdout.write(`corpus: no folder ${folder}, left out\n`);
compare('3 KB', sample(26), 300);
compare('5 MB', sample(62_000), 3);
process.stdout.write(`memory: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB at most (libxml2's own included)\n`);
