/** How bad a finding is: an `error` refuses the document, a `warning` lets it through. */
export type Severity = 'error' | 'warning' | 'info';

/** A half-open range of UTF-16 code units in a source text: 0-based `start`, exclusive `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A place in a source text for people: `line` and `column` count from 1, columns in UTF-16 code units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** The error that libvirt gives for the same input: what its clients see in `virError`. */
export interface LibvirtError {
  /** `VIR_ERR_*` number. */
  readonly code: number;
  /** `VIR_FROM_*` number; 19 (network) when absent. */
  readonly domain?: number;
  /** The whole message, with libvirt's own prefix ("XML error: ..."). */
  readonly message: string;
}

/**
 * Something wrong (or noteworthy) in a document. Plain data: it serializes, compares and travels over JSON.
 * `code` is a key of the registry in `codes.ts`; `path` is an XPath-like place (`/network/ip[2]/dhcp/range[1]/@start`).
 */
export interface Diagnostic {
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, lower-case start, no full stop, values in quotes. */
  readonly message: string;
  readonly span?: Span;
  readonly position?: Position;
  readonly path?: string;
  readonly found?: string;
  readonly allowed?: string;
  /** What to do instead, imperative. */
  readonly hint?: string;
  /** The name of the file or source that the span belongs to. */
  readonly source?: string;
  /** Other places that take part in the problem. */
  readonly related?: readonly { readonly message: string; readonly span?: Span; readonly path?: string }[];
  /** Set where libvirt refuses the same input. */
  readonly libvirt?: LibvirtError;
}

/** The outcome of a pure stage: a value, or none when `diagnostics` holds an error. Warnings come with a value. */
export type Result<T> =
  | { readonly ok: true; readonly value: T; readonly diagnostics: readonly Diagnostic[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** True when any of the diagnostics refuses its document. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((d) => d.severity === 'error');
}
