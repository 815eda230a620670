import type { Diagnostic, LibvirtError, Result } from '../base/diagnostic.ts';
import { hasErrors } from '../base/diagnostic.ts';

/** What a finding says beside its code and message. */
export type Finding = Pick<Diagnostic, 'code' | 'message'> & Partial<Pick<Diagnostic, 'path' | 'found' | 'allowed' | 'hint' | 'libvirt'>>;

/** Gathers what a compile finds, so that all problems of a network are told at once. */
export class Report {
  readonly diagnostics: Diagnostic[] = [];

  error(finding: Finding): void {
    this.diagnostics.push({ severity: 'error', ...finding });
  }

  warn(finding: Finding): void {
    this.diagnostics.push({ severity: 'warning', ...finding });
  }

  add(diagnostics: readonly Diagnostic[]): void {
    this.diagnostics.push(...diagnostics);
  }

  /** The value with the warnings, or only the findings when one of them is an error. */
  result<T>(value: T): Result<T> {
    return hasErrors(this.diagnostics) ? { ok: false, diagnostics: this.diagnostics } : { ok: true, value, diagnostics: this.diagnostics };
  }
}

/** libvirt's `VIR_ERR_*` numbers that a start gives, with the words it puts before the message. */
const PREFIX = { 1: 'internal error: ', 38: '', 55: 'Requested operation is not valid: ', 67: 'unsupported configuration: ' } as const;

/** `VIR_FROM_NONE`: libvirt's helpers (bridges, addresses, routes) speak for no part of it. */
const FROM_NONE = 0;

/** What libvirt's network driver says for the same start: number and whole message. */
export function libvirtSays(code: keyof typeof PREFIX, message: string): LibvirtError {
  return { code, message: `${PREFIX[code]}${message}` };
}

/** The same of what one of libvirt's helpers says: all that the kernel refuses, and some more. */
export function libvirtHelperSays(code: keyof typeof PREFIX, message: string): LibvirtError {
  return { ...libvirtSays(code, message), domain: FROM_NONE };
}
