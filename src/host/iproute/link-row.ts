/** A row of `ip -json -details address show`, as far as it is read here: a link with its addresses. */
export interface LinkRow {
  readonly ifindex: number;
  readonly ifname: string;
  readonly link?: string;
  readonly flags: readonly string[];
  readonly mtu: number;
  readonly group?: string;
  readonly master?: string;
  readonly address?: string;
  readonly ifalias?: string;
  readonly link_type?: string;
  readonly addr_info?: readonly AddressInfo[];
  readonly linkinfo?: {
    readonly info_kind?: string;
    readonly info_data?: Readonly<Record<string, unknown>>;
    readonly info_slave_kind?: string;
    readonly info_slave_data?: Readonly<Record<string, unknown>>;
  };
}

/** An address of a link. */
export interface AddressInfo {
  readonly family: string;
  readonly local?: string;
  readonly prefixlen?: number;
  readonly scope?: string;
  readonly dynamic?: boolean;
  readonly temporary?: boolean;
}
