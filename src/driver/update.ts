import { VirtnetError } from '../base/errors.ts';
import type { Operation } from './change.ts';
import type { NetworkRef, UpdateRequest } from './driver.ts';

/** `networkUpdate`: changes one section of the live document, the stored one, or both. */
export function update(_ref: NetworkRef, _request: UpdateRequest): Operation<void> {
  throw new VirtnetError({ code: 'VNC005', message: 'sections of a network cannot be updated yet' });
}
