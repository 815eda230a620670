/**
 * Gives generated documents to a real libvirt and to us, and reports where the two differ.
 *   npm run oracle -- [--count N] [--seed N] [--kind network,update,port] [--show N]
 * Needs root and test/oracle/install.sh. Exit code 1 when something differs beyond the declared deviations.
 */
import { parseArgs } from 'node:util';
import { openOracle } from './client.ts';
import type { Oracle } from './client.ts';
import { compareNetwork } from './compare/network.ts';
import { comparePort } from './compare/port.ts';
import { compareUpdate } from './compare/update.ts';
import type { Comparison } from './compare/verdict.ts';
import { random } from './generate/random.ts';
import type { Random } from './generate/random.ts';

const kinds: Readonly<Record<string, (oracle: Oracle, rng: Random) => Promise<Comparison>>> = {
  network: compareNetwork,
  update: compareUpdate,
  port: comparePort,
};

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    kind: { type: 'string', default: 'network,update,port' },
    show: { type: 'string', default: '10' },
  },
});

await using oracle = openOracle();
let differ = 0;
for (const kind of values.kind.split(',')) {
  const compare = kinds[kind];
  if (!compare) throw new Error(`--kind takes ${Object.keys(kinds).join(', ')}`);
  // A port needs a running network, which takes libvirt a hundred times as long.
  const count = kind === 'port' ? Math.ceil(Number(values.count) / 5) : Number(values.count);
  const tally = { accepted: 0, refused: 0, deviation: 0, differs: 0 };
  for (let i = 0; i < count; i++) {
    const seed = Number(values.seed) + i;
    const { verdict, input, ours, theirs } = await compare(oracle, random(seed));
    tally[verdict]++;
    if (verdict === 'differs' && tally.differs <= Number(values.show)) {
      console.log(`--- ${kind} seed ${String(seed)}\n${input}\n  libvirt: ${theirs}\n  virtnet: ${ours}\n`);
    }
  }
  differ += tally.differs;
  console.log(
    `${kind}: ${String(count)} documents, ${String(tally.accepted)} accepted and ${String(tally.refused)} refused alike, ` +
      `${String(tally.deviation)} declared deviations, ${String(tally.differs)} differ`,
  );
}
process.exitCode = differ === 0 ? 0 : 1;
