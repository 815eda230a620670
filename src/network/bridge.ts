/** `<bridge>`. In managed modes `name` is filled in at definition time; in mode bridge it names the host's own bridge. */
export interface Bridge {
  readonly name?: string;
  readonly zone?: string;
  readonly stp: boolean;
  /** Forward delay in seconds. */
  readonly delay: number;
  readonly macTableManager?: 'kernel' | 'libvirt';
}
