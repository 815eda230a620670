/** Exit codes of every verb. */
export const OK = 0;
/** The verb could not do what was asked, or a document has errors. */
export const FAILED = 1;
/** The command line is wrong. */
export const USAGE = 2;
/** `plan` and `diff`: all went well and there is something to change. `status`: and something is amiss. */
export const PENDING = 3;
