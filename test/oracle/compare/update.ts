import { commandOf, sectionOf, updateNetwork } from '../../../src/network/update.ts';
import { writeNetwork } from '../../../src/network/write-network.ts';
import type { Oracle } from '../client.ts';
import type { Random } from '../generate/random.ts';
import { generateUpdate } from '../generate/update.ts';
import { defined, withoutChance } from './network.ts';
import { answerOf, judge, type Comparison } from './verdict.ts';

/** Changes a section of a stored network and compares refusal or the document afterwards. */
export async function compareUpdate(oracle: Oracle, rng: Random): Promise<Comparison> {
  const generated = generateUpdate(rng);
  const { xml, section, command, parentIndex, fragment } = generated;
  const input = `${xml}\n  section ${String(section)} command ${String(command)} index ${String(parentIndex)}\n  ${fragment}`;
  const before = defined(xml);
  const theirs = await oracle.ask({ op: 'update', ...generated });
  if (!before.network || theirs.before === undefined) {
    return judge(input, answerOf(undefined, before.diagnostics), theirs, before.diagnostics);
  }
  const result = updateNetwork(before.network, { section: sectionOf(section), command: commandOf(command), parentIndex, fragment });
  const ours = answerOf(result.ok ? withoutChance(writeNetwork(result.value), before.given) : undefined, result.diagnostics);
  return judge(
    input,
    ours,
    theirs.error ? { error: theirs.error } : { text: withoutChance(theirs.xml ?? '', before.given) },
    result.diagnostics,
  );
}
