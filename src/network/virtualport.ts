export type VirtualPortType = '802.1Qbg' | '802.1Qbh' | 'openvswitch' | 'midonet';

/** `<virtualport>`; untyped ones exist in portgroups and interfaces and take the type of what they are merged with. */
export interface VirtualPort {
  readonly type?: VirtualPortType;
  /** 0-255. */
  readonly managerid?: number;
  /** 0-0xffffff. */
  readonly typeid?: number;
  /** 0-255. */
  readonly typeidversion?: number;
  readonly instanceid?: string;
  readonly interfaceid?: string;
  readonly profileid?: string;
}
