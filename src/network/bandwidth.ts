/** Limits of one direction. Rates in KiB per second (libvirt's "kilobytes"), `burst` in KiB. */
export interface BandwidthRate {
  readonly average?: number;
  readonly peak?: number;
  readonly burst?: number;
  /** Guaranteed rate; only in the inbound of a guest's interface. */
  readonly floor?: number;
}

/** `<bandwidth>`. Inbound is towards the guests. */
export interface Bandwidth {
  readonly inbound?: BandwidthRate;
  readonly outbound?: BandwidthRate;
  /** Only in port documents: the traffic class that carries a floor. */
  readonly classId?: number;
}
