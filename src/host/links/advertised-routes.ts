import { readText } from '../system/small-files.ts';

/** Of linux/route.h and linux/ipv6_route.h. */
const RTF_GATEWAY = 0x0002;
const RTF_ADDRCONF = 0x0004_0000;

/**
 * Devices whose routes the kernel made of router advertisements, and takes away when IPv6 forwarding is turned on: it then listens to no
 * router any more, but with `accept_ra` 2 (`rt6_purge_dflt_routers` and `ipv6_accept_ra` in the kernel). None where it forwards already.
 * Routes of a program that listens itself (NetworkManager, systemd-networkd) are no business of the kernel's and stay.
 */
export function devicesOfAdvertisedRoutes(proc: string): readonly string[] {
  if (readText(`${proc}/sys/net/ipv6/conf/all/forwarding`)?.trim() !== '0') return [];
  const devices = (readText(`${proc}/net/ipv6_route`) ?? '').split('\n').flatMap((line) => {
    const [flags = '', dev = ''] = line.trim().split(/\s+/).slice(-2);
    const bits = Number.parseInt(flags, 16);
    return (bits & RTF_GATEWAY) !== 0 && (bits & RTF_ADDRCONF) !== 0 ? [dev] : [];
  });
  return [...new Set(devices)].filter((dev) => readText(`${proc}/sys/net/ipv6/conf/${dev}/accept_ra`)?.trim() !== '2');
}
