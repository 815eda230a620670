/** Where virtnetd answers otherwise than libvirt 11.3.0 on purpose. A row that no longer differs fails the test. */
export interface Difference {
  readonly script: string;
  /** The virsh command, words joined by a space. */
  readonly command: string;
  readonly reason: string;
}

export const differences: readonly Difference[] = [];
