import type { Diagnostic, Result } from '../../base/diagnostic.ts';

/** libvirt's error numbers for refused updates, with the words that it puts before the message. */
const PREFIX = {
  27: 'XML error: ',
  55: 'Requested operation is not valid: ',
  84: 'Operation not supported: ',
} as const;

/** A refusal in our words with libvirt's error attached; `libvirtWords` come without the prefix of their number. */
export function refusal(code: string, message: string, libvirtCode: keyof typeof PREFIX, libvirtWords: string, hint?: string): Diagnostic {
  return {
    code,
    severity: 'error',
    message,
    ...(hint !== undefined && { hint }),
    libvirt: { code: libvirtCode, message: `${PREFIX[libvirtCode]}${libvirtWords}` },
  };
}

export function refuse(diagnostic: Diagnostic): Result<never> {
  return { ok: false, diagnostics: [diagnostic] };
}

export function done<T>(value: T): Result<T> {
  return { ok: true, value, diagnostics: [] };
}

/** Refuses a number that stands for no command (VNE002). */
export function unknownCommand(code: number): Result<never> {
  return refuse(
    refusal(
      'VNE002',
      `${String(code)} is no update command`,
      84,
      `unrecognized network update command code ${String(code)}`,
      'use modify (1), delete (2), add-last (3) or add-first (4)',
    ),
  );
}

/** A refusal of something that libvirt cannot do at all. */
export function ours(code: string, message: string, hint?: string): Diagnostic {
  return { code, severity: 'error', message, ...(hint !== undefined && { hint }) };
}
