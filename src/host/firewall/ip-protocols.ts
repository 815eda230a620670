/**
 * Numbers of the protocols above IP that virtnet has to do with (IANA's Assigned Internet Protocol Numbers). Tools have their names from
 * /etc/protocols, which not every host has (Debian: the package netbase).
 */
export const IP_PROTOCOLS = { tcp: 6, udp: 17 } as const;

export type IpProtocol = keyof typeof IP_PROTOCOLS;
