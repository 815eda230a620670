import type { OptionSpec, VerbSpec } from '../verb.ts';

/** An option as a shell completes it. */
export interface OptionWord {
  /** With its dashes, the long form. */
  readonly long: string;
  readonly takesValue: boolean;
  readonly says: string;
}

export function optionWord({ flags, says }: OptionSpec): OptionWord {
  return { long: /--[\w-]+/.exec(flags)?.[0] ?? flags, takesValue: flags.includes('<'), says };
}

/** Long options of a verb, help included. */
export function wordsOf(verb: VerbSpec): readonly string[] {
  return [...verb.options.map((o) => optionWord(o).long), '--help'];
}

/** An operand of the verb is a network's name. */
export function takesNames(verb: VerbSpec): boolean {
  return verb.operands.some((o) => /\bname\b|\bnetwork\b/.test(o.name));
}
