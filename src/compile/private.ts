import { contains, parseSubnet, type Subnet } from '../inet/index.ts';

/** Addresses that mean nothing outside their own site: RFC 1918, RFC 6598, RFC 3927, RFC 4193. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', '169.254.0.0/16', 'fc00::/7'].map(
  (text) => parseSubnet(text) as Subnet,
);

/** True when the whole subnet is private. */
export function isPrivate(subnet: Subnet): boolean {
  return PRIVATE.some((range) => range.prefix <= subnet.prefix && contains(range, subnet));
}
