import { nothing } from '../xdr/codec.ts';
import { KEEPALIVE_PROGRAM, MessageStatus, MessageType, PROGRAM_VERSION, writePacket } from './packet.ts';

/** Procedures of the keepalive program. */
export const PING = 1;
export const PONG = 2;

/** Seconds without traffic before a PING, and unanswered PINGs before the connection is closed: libvirtd's defaults. */
export const KEEPALIVE_INTERVAL_SECONDS = 5;
export const KEEPALIVE_COUNT = 5;

/** Whole packets, ready to send: they never change. */
export const pingPacket: Buffer = keepalivePacket(PING);
export const pongPacket: Buffer = keepalivePacket(PONG);

function keepalivePacket(procedure: number): Buffer {
  const header = { program: KEEPALIVE_PROGRAM, version: PROGRAM_VERSION, procedure, type: MessageType.message, serial: 0 };
  return writePacket({ ...header, status: MessageStatus.ok }, nothing, undefined);
}

/** What the keepalive of one connection says to do at a tick. */
export type KeepaliveVerdict = 'quiet' | 'ping' | 'dead';

/** Counts silence on one connection. Silent until `enable`: a client that did not ask for keepalive breaks at a PING. */
export class Keepalive {
  #enabled = false;
  #lastTraffic: number;
  #lastPing = 0;
  #unanswered = 0;

  /** `now` in milliseconds of any steady clock. */
  constructor(now: number) {
    this.#lastTraffic = now;
  }

  enable(now: number): void {
    this.#enabled = true;
    this.heard(now);
  }

  /** Anything arrived. */
  heard(now: number): void {
    this.#lastTraffic = now;
    this.#unanswered = 0;
  }

  /** Called about once a second. */
  tick(now: number): KeepaliveVerdict {
    if (!this.#enabled) return 'quiet';
    const since = now - (this.#unanswered === 0 ? this.#lastTraffic : this.#lastPing);
    if (since < KEEPALIVE_INTERVAL_SECONDS * 1000) return 'quiet';
    if (this.#unanswered >= KEEPALIVE_COUNT) return 'dead';
    this.#unanswered++;
    this.#lastPing = now;
    return 'ping';
  }
}
