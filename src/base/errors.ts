import type { Diagnostic } from './diagnostic.ts';

const BRAND = Symbol.for('virtnet.error');

/** What a `VirtnetError` knows beside its message. All of it is plain data. */
export interface VirtnetErrorInit {
  /** A code of the registry in `codes.ts`. */
  readonly code: string;
  /** One sentence: what failed. Lower-case start, no full stop. */
  readonly message: string;
  /** What to do, imperative. */
  readonly hint?: string;
  /** Findings in a document that led here. */
  readonly diagnostics?: readonly Diagnostic[];
  /** Structured context: argv, exit code, stderr, step, holder of a lock. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** What a libvirt client is told: `VIR_ERR_*`, `VIR_FROM_*` (19 = network) and the message without libvirt's prefix. */
  readonly libvirt?: { readonly code: number; readonly domain?: number; readonly message?: string };
  readonly cause?: unknown;
}

/**
 * The world (or the caller's request) failed: a command, a lock, a missing network, a refused change.
 * Recognised by `isVirtnetError`, not by `instanceof`, so that two copies of the library agree.
 */
export class VirtnetError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly details: Readonly<Record<string, unknown>>;
  readonly libvirt: VirtnetErrorInit['libvirt'];

  constructor(init: VirtnetErrorInit) {
    super(init.message, init.cause === undefined ? undefined : { cause: init.cause });
    this.name = 'VirtnetError';
    this.code = init.code;
    this.hint = init.hint;
    this.diagnostics = init.diagnostics ?? [];
    this.details = init.details ?? {};
    this.libvirt = init.libvirt;
    Object.defineProperty(this, BRAND, { value: true });
  }

  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.diagnostics.length === 0 ? {} : { diagnostics: this.diagnostics }),
      ...(Object.keys(this.details).length === 0 ? {} : { details: this.details }),
    };
  }
}

/** True for a `VirtnetError` of any copy of this library. */
export function isVirtnetError(value: unknown): value is VirtnetError {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** Marks a branch that the types rule out. Throws when reached all the same (a programmer's error). */
export function assertNever(value: never): never {
  throw new TypeError(`unexpected variant ${JSON.stringify(value)}`);
}
