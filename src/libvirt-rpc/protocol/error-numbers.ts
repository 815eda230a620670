/** `VIR_FROM_*`: which part of libvirt an error names as its source (include/libvirt/virterror.h). */
export const Domain = {
  none: 0,
  xml: 5,
  rpc: 7,
  network: 19,
  domain: 20,
  storage: 18,
  nodeDevice: 22,
  interface: 26,
  secret: 30,
  nwfilter: 33,
  uri: 45,
  domainSnapshot: 35,
  admin: 62,
  domainCheckpoint: 69,
} as const;

/** `VIR_ERR_*`: the codes that this face raises itself. */
export const Code = {
  internalError: 1,
  noSupport: 3,
  noConnect: 5,
  invalidArg: 8,
  operationFailed: 9,
  operationDenied: 29,
  systemError: 38,
  rpc: 39,
  noNetwork: 43,
  invalidMac: 44,
  authFailed: 45,
  operationInvalid: 55,
  argumentUnsupported: 74,
  operationUnsupported: 84,
  noServer: 95,
  noClient: 96,
  noNetworkPort: 107,
} as const;

/**
 * The message forms of libvirt's codes (libvirt's src/util/virerror.c), with the place of the detail as `%1$s`; one without a place
 * takes no detail. A code that is absent has the detail as its whole message.
 */
const templates: ReadonlyMap<number, string> = new Map([
  [1, 'internal error: %1$s'],
  [2, 'out of memory'],
  [3, 'this function is not supported by the connection driver: %1$s'],
  [5, 'no connection driver available for %1$s'],
  [6, 'invalid connection pointer in %1$s'],
  [8, 'invalid argument: %1$s'],
  [9, 'operation failed: %1$s'],
  [21, 'missing name information'],
  [27, 'XML error: %1$s'],
  [29, 'operation forbidden: %1$s'],
  [36, 'invalid network pointer in %1$s'],
  [37, 'network %1$s exists already'],
  [43, 'Network not found: %1$s'],
  [44, 'invalid MAC address: %1$s'],
  [45, 'authentication failed: %1$s'],
  [55, 'Requested operation is not valid: %1$s'],
  [67, 'unsupported configuration: %1$s'],
  [70, 'Hook script execution failed: %1$s'],
  [74, 'argument unsupported: %1$s'],
  [82, 'numerical overflow: %1$s'],
  [84, 'Operation not supported: %1$s'],
  [87, 'resource busy: %1$s'],
  [88, 'access denied: %1$s'],
  [89, 'error from service: %1$s'],
  [92, 'XML document failed to validate against schema: %1$s'],
  [95, 'Server not found: %1$s'],
  [96, 'Client not found: %1$s'],
  [105, 'Invalid network port pointer: %1$s'],
  [106, 'network port %1$s exists already'],
  [107, 'network port not found: %1$s'],
  [111, 'metadata not found: %1$s'],
]);

/** The template of a code: where `%1$s` stands, the detail goes. One that is nothing but the detail is `%s`. */
export function template(code: number): string {
  return templates.get(code) ?? '%s';
}
