/** One child of `<metadata>`: its namespace and its text, kept as libvirt keeps it. */
export interface MetadataElement {
  readonly namespace: string;
  /** The element as XML text. */
  readonly xml: string;
}
