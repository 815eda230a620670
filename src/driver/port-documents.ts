import type { Result } from '../base/diagnostic.ts';
import { VirtnetError } from '../base/errors.ts';
import type { NetworkPort } from '../interface/port.ts';
import type { PlugDocument } from './attach.ts';
import type { ParseOptions } from './documents.ts';

/** Reads a `<networkport>` document. */
export function parsePort(_xml: string, _options: ParseOptions): Result<NetworkPort> {
  throw notYet();
}

/** Reads a `<networkport>` or a guest's `<interface>`. */
export function parsePlug(_xml: string): Result<PlugDocument> {
  throw notYet();
}

function notYet(): VirtnetError {
  return new VirtnetError({ code: 'VNC005', message: 'port documents cannot be read yet' });
}
