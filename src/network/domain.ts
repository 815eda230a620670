/** `<domain>`: the DNS domain of the network's guests. */
export interface Domain {
  readonly name: string;
  /** Queries for this domain are never forwarded upstream. */
  readonly localOnly?: boolean;
  /** Register the domain with systemd-resolved while the network runs (needs localOnly). */
  readonly register?: boolean;
}
