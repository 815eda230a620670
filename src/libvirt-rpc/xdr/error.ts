/** A payload that does not follow its XDR type, or a value that does not fit into one. Never leaves this face: the dispatcher answers it. */
export class XdrError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'XdrError';
  }
}
