import type { Io } from './io.ts';

/** Option values by their long name in camelCase, as commander gives them. */
export type Options = Readonly<Record<string, unknown>>;

/** Runs a verb. `operands` are the words that are no options. Returns the exit code; failures reject. */
export type Run = (io: Io, operands: readonly string[], options: Options) => Promise<number>;

export interface OptionSpec {
  /** As commander reads it: `--dev <name>`. */
  readonly flags: string;
  readonly says: string;
  readonly fallback?: string;
}

export type VerbGroup = 'Documents' | 'Networks' | 'Guests' | 'Try it';

/** One verb: what help, the reference page and the parser are made from. Its code is loaded only when it runs. */
export interface VerbSpec {
  readonly name: string;
  readonly alias?: string;
  readonly group: VerbGroup;
  /** One line, imperative, no full stop. */
  readonly summary: string;
  /** More for `--help`, in sentences. */
  readonly about?: string;
  /** Operands as commander reads them: `<file...>`, `[name]`. */
  readonly operands: readonly { readonly name: string; readonly says: string }[];
  readonly options: readonly OptionSpec[];
  /** Command lines without the leading `virtnet`, each with what it does. */
  readonly examples: readonly { readonly line: string; readonly says: string }[];
  readonly load: () => Promise<{ readonly run: Run }>;
}

/** The option is given. */
export function flag(options: Options, name: string): boolean {
  return options[name] === true;
}

/** The option's value, when given one. */
export function text(options: Options, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}
