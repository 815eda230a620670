import { completeNetwork } from '../../../src/network/complete.ts';
import type { Network } from '../../../src/network/network.ts';
import { readNetwork } from '../../../src/network/read.ts';
import { writeNetwork } from '../../../src/network/write-network.ts';
import type { Oracle } from '../client.ts';
import { addFault } from '../generate/fault.ts';
import { networkTree } from '../generate/network.ts';
import type { Random } from '../generate/random.ts';
import { writeTree } from '../generate/tree.ts';
import { answerOf, judge, type Comparison } from './verdict.ts';

/** What libvirt makes up by chance where the document says nothing: compared as if it were the same. */
export function withoutChance(text: string, given: Network | undefined): string {
  const uuid = given?.uuid === undefined ? text.replace(/<uuid>[^<]*<\/uuid>/, '<uuid>*</uuid>') : text;
  return given?.mac === undefined ? uuid.replace(/<mac address='52:54:00:[^']*/, "<mac address='52:54:00:*") : uuid;
}

/** Our stored document of a definition on a host without other networks. */
export function defined(xml: string) {
  const { network: given, diagnostics } = readNetwork(xml);
  const network =
    given && completeNetwork(given, { uuid: () => '*', mac: () => '52:54:00:*', bridgeName: (pattern) => pattern.replace('%d', '0') });
  return { given, network, diagnostics };
}

/** Defines a generated network, most with a fault or two, and compares refusal or stored document. */
export async function compareNetwork(oracle: Oracle, rng: Random): Promise<Comparison> {
  const tree = networkTree(rng);
  for (let faults = rng.pick([0, 1, 1, 1, 2]); faults > 0; faults--) addFault(tree, rng);
  const xml = writeTree(tree, rng);
  const { given, network, diagnostics } = defined(xml);
  const theirs = await oracle.ask({ op: 'define', xml });
  const ours = answerOf(network && withoutChance(writeNetwork(network), given), diagnostics);
  return judge(xml, ours, theirs.error ? { error: theirs.error } : { text: withoutChance(theirs.xml ?? '', given) }, diagnostics);
}
