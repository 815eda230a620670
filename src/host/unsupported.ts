import type { ResourceKind } from '../compile/host-state.ts';
import { VirtnetError } from '../base/errors.ts';
import { StepFailure } from './handler.ts';
import type { DirectHandler } from './handler.ts';

/** A kind that cannot be carried out yet: nothing of it is ever there, and a step says so. */
export function unsupported<K extends ResourceKind>(kind: K): DirectHandler<K> {
  return {
    observe: () => [],
    execute: () =>
      Promise.reject(
        new StepFailure(0, new VirtnetError({ code: 'VNC005', message: `resources of kind '${kind}' cannot be made here yet` })),
      ),
  };
}
