import type { Socket } from 'node:net';
import type { DriverEvent } from '../driver/driver.ts';
import type { Calls } from './calls.ts';
import { dispatch } from './calls.ts';
import type { Service, Session } from './session.ts';
import { Subscriptions } from './subscriptions.ts';
import { Framer } from './wire/framer.ts';
import { Keepalive, PING, pingPacket, pongPacket } from './wire/keepalive.ts';
import type { Packet } from './wire/packet.ts';
import { HEADER_LENGTH, KEEPALIVE_PROGRAM, MessageType, PROGRAM_VERSION, readPacket } from './wire/packet.ts';

/** Calls of one connection that run at once: libvirtd's default. */
const RUNNING_MAX = 5;
/** Calls read ahead while others run. Reading ahead keeps PINGs answered; beyond it the client waits in its socket. */
const WAITING_MAX = 64;
/** Bytes read ahead, likewise. */
const WAITING_BYTES_MAX = 1 << 20;
/** Bytes of replies that a client has not taken before no further call of its is begun. */
const UNSENT_PAUSE = 1 << 20;
/** Bytes that a client has not taken before it is given up: it asked for events and does not read them. */
const UNSENT_MAX = 64 << 20;
/** File descriptors in one message (`VIR_NET_MESSAGE_NUM_FDS_MAX`). */
const FDS_MAX = 32;

export interface ClientOptions {
  /** Tells this connection from all others of its server, earlier ones too. */
  readonly id: number;
  readonly service: Service;
  readonly calls: Calls;
  /** The connection came in on the read-only socket. */
  readonly readOnly: boolean;
  readonly now: () => number;
  /** Called once, when the connection is over; `reason` says why the server ended it, if it did. */
  readonly onClose: (client: Client, reason: string | undefined) => void;
}

/** One connection: bytes in, packets to the dispatcher, replies and events out. Nothing a client sends can reach another connection. */
export class Client {
  readonly id: number;
  /** When it connected, in seconds since the epoch. */
  readonly since: number = Math.floor(Date.now() / 1000);
  readonly #socket: Socket;
  readonly #options: ClientOptions;
  readonly #framer = new Framer();
  readonly #keepalive: Keepalive;
  readonly #session: Session;
  readonly #waiting: Packet[] = [];
  #waitingBytes = 0;
  #running = 0;
  #writesRunning = 0;
  #heldEvents: Buffer[] = [];
  #paused = false;
  #closing = false;
  #reason: string | undefined;

  constructor(socket: Socket, options: ClientOptions) {
    this.id = options.id;
    this.#socket = socket;
    this.#options = options;
    this.#keepalive = new Keepalive(options.now());
    this.#session = {
      service: options.service,
      subscriptions: new Subscriptions(),
      opened: false,
      uri: '',
      readOnly: options.readOnly,
      enableKeepalive: () => this.#keepalive.enable(options.now()),
      closeAfterReply: () => {
        this.#closing = true;
      },
      onClose: (action) => void socket.once('close', action),
    };
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('drain', () => this.#work());
    socket.on('error', () => socket.destroy());
    socket.on('end', () => socket.destroy());
    socket.on('close', () => {
      this.#waiting.length = 0;
      this.#session.subscriptions.clear();
      options.onClose(this, this.#reason);
    });
  }

  /** Bytes held for this connection, in both directions. */
  get heldBytes(): number {
    return this.#framer.buffered + this.#waitingBytes + this.#socket.writableLength;
  }

  /** Calls that are being carried out. */
  get running(): number {
    return this.#running;
  }

  /** Calls that wait for these. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** The connection may change nothing, by its socket or by how it was opened. */
  get readOnly(): boolean {
    return this.#session.readOnly;
  }

  get socket(): Socket {
    return this.#socket;
  }

  /** Tells the client about an event that it registered for. */
  notify(event: DriverEvent): void {
    for (const packet of this.#session.subscriptions.packets(event)) {
      if (this.#writesRunning > 0) this.#heldEvents.push(packet);
      else this.#send(packet);
    }
  }

  /** Called about once a second. */
  tick(): void {
    const verdict = this.#keepalive.tick(this.#options.now());
    if (verdict === 'ping') this.#send(pingPacket);
    if (verdict === 'dead') this.drop('no answer to keepalive');
  }

  /** Ends the connection now. */
  drop(reason: string): void {
    this.#reason ??= reason;
    this.#socket.destroy();
  }

  /** Takes no further calls and ends the connection when the running ones are answered. */
  finish(): void {
    this.#closing = true;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#endWhenIdle();
  }

  #receive(chunk: Buffer): void {
    this.#keepalive.heard(this.#options.now());
    this.#framer.push(chunk);
    this.#work();
  }

  /** Reads packets as far as they may be read, starts calls as far as they may run. */
  #work(): void {
    while (!this.#closing && !this.#socket.destroyed && !this.#full()) {
      const frame = this.#framer.next();
      if (frame.kind === 'bad-length') return this.drop('bad packet length');
      if (frame.kind === 'more') break;
      this.#accept(readPacket(frame.bytes));
    }
    this.#setPaused(this.#full());
    this.#startCalls();
  }

  #full(): boolean {
    return this.#waiting.length >= WAITING_MAX || this.#waitingBytes >= WAITING_BYTES_MAX || this.#socket.writableLength > UNSENT_PAUSE;
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#socket.pause();
    else this.#socket.resume();
  }

  /** A PING is answered at once; other packets that are no calls are dropped, as libvirt drops them. */
  #accept(packet: Packet): void {
    if (packet.program === KEEPALIVE_PROGRAM && packet.version === PROGRAM_VERSION && packet.type === MessageType.message) {
      if (packet.procedure === PING) this.#send(pongPacket);
      return;
    }
    if (packet.type === MessageType.callWithFds && !this.#skipFds(packet)) return this.drop('bad count of file descriptors');
    if (packet.type !== MessageType.call && packet.type !== MessageType.callWithFds) return;
    this.#waiting.push(packet);
    this.#waitingBytes += packet.bytes.length;
    this.#startCalls();
  }

  /** No procedure takes file descriptors. The kernel closes those that come; the byte that carries each is left out of the stream. */
  #skipFds(packet: Packet): boolean {
    if (packet.bytes.length < HEADER_LENGTH + 4) return false;
    const count = packet.bytes.readUInt32BE(HEADER_LENGTH);
    if (count > FDS_MAX) return false;
    this.#framer.skip(count);
    return true;
  }

  #startCalls(): void {
    while (this.#running < RUNNING_MAX && this.#socket.writableLength <= UNSENT_PAUSE && !this.#closing) {
      const packet = this.#waiting.shift();
      if (packet === undefined) return;
      this.#waitingBytes -= packet.bytes.length;
      void this.#call(packet);
    }
  }

  async #call(packet: Packet): Promise<void> {
    const { calls } = this.#options;
    const writes = calls.isWrite(packet);
    this.#running++;
    if (writes) this.#writesRunning++;
    try {
      const argsAt = packet.type === MessageType.callWithFds ? HEADER_LENGTH + 4 : HEADER_LENGTH;
      this.#send(await dispatch(calls, this.#session, packet, argsAt));
    } catch {
      this.drop('a reply that cannot be encoded');
    } finally {
      this.#running--;
      if (writes && --this.#writesRunning === 0) this.#releaseEvents();
      if (this.#closing) this.#endWhenIdle();
      else this.#work();
    }
  }

  #releaseEvents(): void {
    const events = this.#heldEvents;
    this.#heldEvents = [];
    for (const packet of events) this.#send(packet);
  }

  #send(packet: Buffer): void {
    if (this.#socket.destroyed || !this.#socket.writable) return;
    this.#socket.write(packet);
    if (this.#socket.writableLength > UNSENT_MAX) this.drop('the client does not read');
  }

  /** Closes behind what was written before, at once and not by halves: a libvirt client takes a half-closed connection for an error. */
  #endWhenIdle(): void {
    if (this.#running > 0 || this.#socket.destroyed) return;
    this.#socket.write('', () => this.#socket.destroy());
  }
}
