import { writeFileSync } from 'node:fs';
import { illFormed } from '../../oracle/generate/ill-formed.ts';
import { random } from '../../oracle/generate/random.ts';
import { RawClient } from '../../support/raw-client.ts';

/**
 * Defines documents that are ill-formed by chance; writes every field of each answer:
 *   node ill-formed.mjs READ-WRITE-SOCKET SEED COUNT RESULT
 */
const [path = '', seed = '1', count = '300', result = ''] = process.argv.slice(2);

const rows: string[] = [];
const rng = random(Number(seed));
const client = await RawClient.open(path);
for (let i = 0; i < Number(count); i++) {
  const text = illFormed(rng);
  const outcome = await client.try('networkDefineXml', text);
  if (outcome.ok) await client.call('networkUndefine', outcome.value);
  rows.push(`define ${JSON.stringify(text)}: ${outcome.ok ? 'taken' : JSON.stringify(outcome.error)}`);
}
client.end();
writeFileSync(result, JSON.stringify(rows));
