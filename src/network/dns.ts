export interface DnsForwarder {
  readonly domain?: string;
  readonly addr?: string;
}

export interface DnsTxt {
  readonly name: string;
  readonly value: string;
}

export interface DnsSrv {
  readonly service: string;
  readonly protocol: string;
  readonly domain?: string;
  readonly target?: string;
  /** 1-65535. */
  readonly port?: number;
  /** 0-65535. */
  readonly priority?: number;
  /** 0-65535. */
  readonly weight?: number;
}

export interface DnsHost {
  readonly ip: string;
  readonly hostnames: readonly string[];
}

/** `<dns>`. Absent `enable` means yes. */
export interface Dns {
  readonly enable?: boolean;
  readonly forwardPlainNames?: boolean;
  readonly forwarders: readonly DnsForwarder[];
  readonly txts: readonly DnsTxt[];
  readonly srvs: readonly DnsSrv[];
  readonly hosts: readonly DnsHost[];
}
