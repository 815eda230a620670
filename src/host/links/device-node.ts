/** The character device by which a machine reads and writes a macvtap: where it is, and who may open it. */
export interface DeviceNode {
  readonly path: string;
  readonly user: string;
  readonly uid: number;
  readonly group: string;
  readonly gid: number;
  /** Permission bits as chmod(1) takes them: `600`. */
  readonly mode: string;
}
