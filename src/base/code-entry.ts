/** One row of the registry of codes: what `virtnet explain CODE` and docs/reference/errors.md print. */
export interface CodeEntry {
  readonly title: string;
  readonly explanation: string;
  /** A document or command that gives this code, and one that does not. */
  readonly bad?: string;
  readonly good?: string;
}
