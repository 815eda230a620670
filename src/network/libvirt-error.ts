import type { LibvirtError } from '../base/diagnostic.ts';

/** `virErrorDomain`: which part of libvirt an error says it comes from. */
export const FROM = { none: 0, xml: 5, net: 11, network: 19 } as const;

/** VIR_ERR_XML_ERROR. */
export function xmlError(message: string, domain: number = FROM.network): LibvirtError {
  return { code: 27, domain, message: `XML error: ${message}` };
}

/** VIR_ERR_XML_DETAIL: the message alone. */
export function xmlDetail(message: string, domain: number = FROM.network): LibvirtError {
  return { code: 35, domain, message };
}

/** VIR_ERR_CONFIG_UNSUPPORTED. */
export function unsupported(message: string, domain: number = FROM.network): LibvirtError {
  return { code: 67, domain, message: `unsupported configuration: ${message}` };
}

/** VIR_ERR_INTERNAL_ERROR. */
export function internalError(message: string, domain: number = FROM.network): LibvirtError {
  return { code: 1, domain, message: `internal error: ${message}` };
}

/** VIR_ERR_OVERFLOW. */
export function overflow(message: string, domain: number = FROM.none): LibvirtError {
  return { code: 82, domain, message: `numerical overflow: ${message}` };
}

/** VIR_ERR_SYSTEM_ERROR, as the address parser raises it. */
export function badSocketAddress(text: string): LibvirtError {
  return { code: 38, domain: FROM.none, message: `Cannot parse socket address '${text}': Name or service not known` };
}
