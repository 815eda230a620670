/** Where virtnetd answers otherwise than libvirt 11.3.0 on purpose. A row that no longer differs fails the test. */
export interface Difference {
  readonly script: string;
  /** The virsh command, words joined by a space. */
  readonly command: string;
  readonly reason: string;
}

export const differences: readonly Difference[] = [
  {
    script: 'ports: macvtap passthrough',
    command: 'net-port-create a @floor',
    reason: 'two reasons to refuse: libvirt names the exhausted pool, virtnet the floor that this network cannot give at any time',
  },
];
