/** Limits of libvirt's remote protocol (src/remote/remote_protocol.x), each met by the real server. */

/** Bytes of any string. */
export const STRING_MAX = 4_194_304;
/** Networks in a list, and the largest `maxnames`. */
export const NETWORK_LIST_MAX = 16_384;
export const NETWORK_PORT_LIST_MAX = 16_384;
export const LEASES_MAX = 65_536;
export const PORT_PARAMETERS_MAX = 16;
export const IDENTITY_PARAMETERS_MAX = 20;
export const AUTH_TYPES_MAX = 20;
export const SASL_DATA_MAX = 65_536;
