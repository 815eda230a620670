/** `<route>`: a static route through a gateway on one of the network's subnets. */
export interface Route {
  readonly family?: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly netmask?: string;
  readonly prefix?: number;
  readonly gateway: string;
  /** At least 1. */
  readonly metric?: number;
}
