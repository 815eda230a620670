import { Code, Domain } from '../protocol/error-numbers.ts';
import { remoteError } from '../remote-error.ts';
import { parseUri } from '../uri.ts';
import type { Handlers } from './handlers.ts';

/** The URI of the one thing this daemon drives. */
const SYSTEM_URI = 'network:///system';
/** `VIR_CONNECT_RO`. */
const OPEN_READ_ONLY = 1;

/** `virDrvFeature` numbers that are answered with yes. */
const Feature = { fdPassing: 8, typedParameterStrings: 9, keepalive: 10, eventCallbacks: 14, closeCallbacks: 15, updateOrder: 16 } as const;
const features: ReadonlySet<number> = new Set(Object.values(Feature));

/** Fields of a client's identity. Another of libvirt's daemons sends the client's, and `system.token` to show that it is one of them. */
const identityFields: ReadonlySet<string> = new Set([
  'user-name',
  'unix-user-id',
  'group-name',
  'unix-group-id',
  'process-id',
  'process-time',
  'sasl-user-name',
  'x509-distinguished-name',
  'selinux-context',
  'system.token',
]);

type Names =
  | 'connectOpen'
  | 'connectClose'
  | 'connectGetType'
  | 'connectSupportsFeature'
  | 'connectGetUri'
  | 'connectIsSecure'
  | 'connectGetLibVersion'
  | 'connectRegisterCloseCallback'
  | 'connectUnregisterCloseCallback'
  | 'connectSetIdentity';

export const connectionHandlers: Handlers<Names> = {
  connectOpen: (session, { name, flags }) => {
    if (session.opened) throw remoteError(Code.internalError, Domain.rpc, 'connection already open');
    session.uri = openedUri(name ?? '');
    session.opened = true;
    if ((flags & OPEN_READ_ONLY) !== 0) session.readOnly = true;
  },
  connectClose: (session) => session.closeAfterReply(),
  connectGetType: () => 'network',
  connectSupportsFeature: (session, feature) => {
    if (feature === Feature.keepalive) {
      session.enableKeepalive();
      return 1;
    }
    if (!session.opened) throw remoteError(Code.internalError, Domain.rpc, 'hypervisor connection not open');
    return features.has(feature) ? 1 : 0;
  },
  connectGetUri: (session) => session.uri,
  // A unix socket never leaves the host.
  connectIsSecure: () => 1,
  connectGetLibVersion: (session) => BigInt(session.service.libvirtVersion),
  connectRegisterCloseCallback: () => undefined,
  connectUnregisterCloseCallback: () => undefined,
  connectSetIdentity: (_session, { parameters }) => {
    // The identity of a proxied user decides nothing here: the socket's mode already did.
    for (const { field } of parameters) {
      if (!identityFields.has(field)) throw remoteError(Code.argumentUnsupported, Domain.none, `parameter '${field}' not supported`);
    }
  },
};

/** What a connection opened with this text is told as its URI. Absent and empty mean this daemon's own; the query part is for somebody else. */
function openedUri(text: string): string {
  if (text === '') return SYSTEM_URI;
  const uri = parseUri(text);
  if (uri === undefined) throw remoteError(Code.internalError, Domain.uri, `Unable to parse URI ${text}`);
  const { scheme, host, path, tail } = uri;
  if (scheme === undefined) throw remoteError(Code.noConnect, Domain.none, `URI '${text}' does not include a driver name`);
  // Another host's networks are not served from here, and of QEMU's URIs just the one that clients have as their default.
  const isOurs = scheme === 'network' || (scheme === 'qemu' && path === '/system');
  if (!isOurs || host !== '') throw remoteError(Code.noConnect, Domain.none, text);
  if (path !== '/system') {
    throw remoteError(Code.internalError, Domain.none, `unexpected network URI path '${path}', try ${SYSTEM_URI}`);
  }
  return SYSTEM_URI + tail;
}
