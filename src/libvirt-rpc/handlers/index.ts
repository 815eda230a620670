import { authenticationHandlers } from './authentication.ts';
import { connectionHandlers } from './connection.ts';
import { eventHandlers } from './event.ts';
import type { Handlers } from './handlers.ts';
import { leaseHandlers } from './leases.ts';
import { listHandlers } from './list.ts';
import { metadataHandlers } from './metadata.ts';
import { networkHandlers } from './network.ts';
import { portHandlers } from './port.ts';
import { updateHandlers } from './update.ts';

/** Every procedure of the table; one without a handler does not compile. */
export const handlers: Handlers = {
  ...connectionHandlers,
  ...authenticationHandlers,
  ...listHandlers,
  ...networkHandlers,
  ...updateHandlers,
  ...metadataHandlers,
  ...leaseHandlers,
  ...portHandlers,
  ...eventHandlers,
};
