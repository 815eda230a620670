import { Code, Domain } from '../protocol/error-numbers.ts';
import { remoteError, RemoteError } from '../remote-error.ts';
import type { Handlers } from './handlers.ts';

/** `REMOTE_AUTH_NONE`: who may connect is decided by the sockets' owner, group and mode. */
const AUTH_NONE = 0;

function noSasl(): never {
  throw remoteError(Code.authFailed, Domain.rpc, 'authentication failed');
}

export const authenticationHandlers: Handlers<'authList' | 'authSaslInit' | 'authSaslStart' | 'authSaslStep' | 'authPolkit'> = {
  authList: () => [AUTH_NONE],
  authSaslInit: noSasl,
  authSaslStart: noSasl,
  authSaslStep: noSasl,
  authPolkit: () => {
    throw new RemoteError({
      code: Code.internalError,
      domain: Domain.rpc,
      message: 'Library function returned error but did not set virError',
      int1: 0,
      int2: 0,
    });
  },
};
