export interface VlanTag {
  /** 0-4095. */
  readonly id: number;
  readonly nativeMode?: 'tagged' | 'untagged';
}

/** `<vlan>`: one tag is access mode unless `trunk`; several tags or a native mode are a trunk. */
export interface Vlan {
  readonly trunk: boolean;
  readonly tags: readonly VlanTag[];
}
