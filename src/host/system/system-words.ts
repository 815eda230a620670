/** What the system says of a call that failed, in the words of the C library: `ENOTDIR: not a directory, mkdir '/x'` is `not a directory`. */
export function systemWords(error: unknown): string {
  const words = error instanceof Error ? error.message : String(error);
  return /^E(ACCES|PERM):/.test(words) ? 'Permission denied' : (/^E[A-Z0-9]+: (.+?), [a-z]+/.exec(words)?.[1] ?? words);
}
