import type { VerbSpec } from '../verb.ts';
import { optionWord, takesNames } from './words.ts';

/** Completion for fish. */
export function fishCompletion(verbs: readonly VerbSpec[]): string {
  const lines = ['# fish completion of virtnet: virtnet completion fish | source'];
  for (const verb of verbs) {
    lines.push(`complete -c virtnet -f -n __fish_use_subcommand -a ${verb.name} -d ${quoted(verb.summary)}`);
    const here = `complete -c virtnet -n '__fish_seen_subcommand_from ${[verb.name, ...(verb.alias === undefined ? [] : [verb.alias])].join(' ')}'`;
    if (takesNames(verb)) lines.push(`${here} -a '(virtnet __names 2>/dev/null)'`);
    if (verb.name === 'completion') lines.push(`${here} -f -a 'bash zsh fish'`);
    for (const option of verb.options) {
      const { long, takesValue, says } = optionWord(option);
      lines.push(`${here} -l ${long.slice(2)}${takesValue ? ' -r' : ''} -d ${quoted(says)}`);
    }
  }
  return `${lines.join('\n')}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
