import type { Dhcp } from './dhcp.ts';

/**
 * `<ip>`: an address of the bridge and the services on its subnet. The written form (netmask or prefix) is kept;
 * with neither, an IPv4 address has its class's prefix and an IPv6 address 64 (`prefixOf` in this file gives the number to use).
 */
export interface Ip {
  /** As written in the document; absent means IPv4. */
  readonly family?: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly netmask?: string;
  readonly prefix?: number;
  readonly localPtr?: boolean;
  readonly tftpRoot?: string;
  readonly dhcp?: Dhcp;
}
