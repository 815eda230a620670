import { completeNetwork } from '../../../src/network/complete.ts';
import { readNetwork } from '../../../src/network/read.ts';
import { writeNetwork } from '../../../src/network/write-network.ts';
import type { Oracle } from '../client.ts';
import { addFault } from '../generate/fault.ts';
import { networkTree } from '../generate/network.ts';
import type { Random } from '../generate/random.ts';
import { writeTree } from '../generate/tree.ts';
import { answerOf, judge, type Comparison } from './verdict.ts';

/** What libvirt makes up by chance: compared as if it were the same. */
export function withoutChance(text: string, input: string): string {
  const uuid = /<uuid>\s*[^\s<]/.test(input) ? text : text.replace(/<uuid>[^<]*<\/uuid>/, '<uuid>*</uuid>');
  return uuid.replace(/(<mac address=')52:54:00:[^']*/, (whole, start: string) => (input.includes(whole.slice(14)) ? whole : `${start}*`));
}

/** Our inactive document of a definition. */
export function defined(xml: string) {
  const read = readNetwork(xml);
  const network = read.network && completeNetwork(read.network, { uuid: '*', mac: '52:54:00:*', bridgeName: 'virbr0' });
  return { network, diagnostics: read.diagnostics };
}

/** Defines a generated network, most with a fault or two, and compares refusal or stored document. */
export async function compareNetwork(oracle: Oracle, rng: Random): Promise<Comparison> {
  const tree = networkTree(rng);
  for (let faults = rng.pick([0, 1, 1, 1, 2]); faults > 0; faults--) addFault(tree, rng);
  const xml = writeTree(tree, rng);
  const { network, diagnostics } = defined(xml);
  const theirs = await oracle.ask({ op: 'define', xml });
  const ours = answerOf(network && withoutChance(writeNetwork(network), xml), diagnostics);
  return judge(xml, ours, theirs.error ? { error: theirs.error } : { text: withoutChance(theirs.xml ?? '', xml) }, diagnostics);
}
