import type { PortRecord } from '../compile/port.ts';
import type { NetworkDriver } from '../driver/driver.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What every connection of a server shares. */
export interface Service {
  readonly driver: NetworkDriver;
  /** The version that clients are told, as `major * 1000000 + minor * 1000 + micro`. */
  readonly libvirtVersion: number;
  /** The `<networkport>` document of a port. */
  readonly portXml: (port: PortRecord) => string;
}

/** One connection as the handlers see it: what it is allowed, what it has asked for. */
export interface Session {
  readonly service: Service;
  readonly subscriptions: Subscriptions;
  /** `ConnectOpen` was answered. */
  opened: boolean;
  /** What `ConnectOpen` was given, as libvirt writes it; empty before. */
  uri: string;
  /** By the socket or by the flags of `ConnectOpen`; never goes back to false. */
  readOnly: boolean;
  /** The client asked for the keepalive program: it may be sent PINGs from now on. */
  enableKeepalive(): void;
  /** Close the socket once the reply of this call is out. */
  closeAfterReply(): void;
  /** Calls the action when the connection is over. */
  onClose(action: () => void): void;
}
