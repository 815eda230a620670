/** `<lease expiry= unit=>`; expiry 0 is for ever. */
export interface DhcpLease {
  readonly expiry: number;
  readonly unit: 'seconds' | 'minutes' | 'hours';
}

export interface DhcpRange {
  readonly start: string;
  readonly end: string;
  readonly lease?: DhcpLease;
}

/** A fixed host. IPv4: mac or name; IPv6: id (DUID) or name. `mac` keeps the case it was written in. */
export interface DhcpHost {
  readonly mac?: string;
  readonly id?: string;
  readonly name?: string;
  readonly ip: string;
  readonly lease?: DhcpLease;
}

export interface Bootp {
  readonly file: string;
  readonly server?: string;
}

/** `<dhcp>` of one `<ip>`. */
export interface Dhcp {
  readonly ranges: readonly DhcpRange[];
  readonly hosts: readonly DhcpHost[];
  readonly bootp?: Bootp;
}
