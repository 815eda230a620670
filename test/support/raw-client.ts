import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { ArgsOf, Procedure, ProcedureName, RetOf } from '../../src/libvirt-rpc/protocol/procedures.ts';
import { procedures } from '../../src/libvirt-rpc/protocol/procedures.ts';
import type { WireError } from '../../src/libvirt-rpc/protocol/structs.ts';
import { error } from '../../src/libvirt-rpc/protocol/structs.ts';
import { Framer } from '../../src/libvirt-rpc/wire/framer.ts';
import type { Packet } from '../../src/libvirt-rpc/wire/packet.ts';
import { HEADER_LENGTH, MessageStatus, MessageType, REMOTE_PROGRAM, readPacket, writePacket } from '../../src/libvirt-rpc/wire/packet.ts';
import { XdrReader } from '../../src/libvirt-rpc/xdr/reader.ts';

/** What a raw call came back with. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: WireError };

/** A client that speaks packets: typed calls for the common case, raw bytes for the rest. */
export class RawClient {
  readonly socket: Socket;
  /** Packets that were no awaited reply, in order. */
  readonly others: Packet[] = [];
  /** Every packet in the order of its arrival, as `reply N` or `event N`. */
  readonly order: string[] = [];
  /** The server hung up. */
  readonly closed: Promise<void>;
  readonly #framer = new Framer();
  readonly #awaited = new Map<number, (packet: Packet) => void>();
  #wake: (() => void)[] = [];
  #serial = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.closed = new Promise((resolve) => void socket.once('close', () => resolve()));
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => this.#receive(chunk));
  }

  static async connect(path: string): Promise<RawClient> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new RawClient(socket);
  }

  /** Connected and opened. */
  static async open(path: string, flags = 0): Promise<RawClient> {
    const client = await RawClient.connect(path);
    await client.call('connectOpen', { name: 'network:///system', flags });
    return client;
  }

  /** A call that must succeed. */
  async call<K extends ProcedureName>(name: K, args: ArgsOf<K>): Promise<RetOf<K>> {
    const outcome = await this.try(name, args);
    if (!outcome.ok) throw new Error(`${name}: ${outcome.error.code}/${outcome.error.domain} ${outcome.error.message ?? ''}`);
    return outcome.value;
  }

  async try<K extends ProcedureName>(name: K, args: ArgsOf<K>): Promise<Outcome<RetOf<K>>> {
    const procedure: Procedure = procedures[name];
    const packet = await this.callRaw({ procedure: procedure.number }, (header) => writePacket(header, procedure.args, args));
    const reader = new XdrReader(packet.bytes, HEADER_LENGTH);
    if (packet.status === MessageStatus.ok) return { ok: true, value: procedure.ret.decode(reader) as RetOf<K> };
    return { ok: false, error: error.decode(reader) };
  }

  /** A call with any header; `build` makes the packet. Resolves with the reply to its serial. */
  callRaw(
    fields: {
      readonly procedure: number;
      readonly program?: number;
      readonly version?: number;
      readonly status?: number;
      readonly type?: number;
    },
    build: (header: { program: number; version: number; procedure: number; type: number; serial: number; status: number }) => Buffer,
  ): Promise<Packet> {
    const serial = this.#serial++;
    const header = { program: REMOTE_PROGRAM, version: 1, type: MessageType.call, status: 0, ...fields, serial };
    return new Promise((resolve, reject) => {
      this.#awaited.set(serial, resolve);
      void this.closed.then(() => reject(new Error('the server hung up')));
      this.socket.write(build(header));
    });
  }

  /** Waits until `count` packets that are no replies have come in all. */
  async events(count: number): Promise<readonly Packet[]> {
    while (this.others.length < count) await new Promise<void>((resolve) => this.#wake.push(resolve));
    return this.others;
  }

  end(): void {
    this.socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#framer.push(chunk);
    for (;;) {
      const frame = this.#framer.next();
      if (frame.kind !== 'packet') return;
      const packet = readPacket(frame.bytes);
      const awaited = packet.type === MessageType.reply ? this.#awaited.get(packet.serial) : undefined;
      this.order.push(`${packet.type === MessageType.reply ? 'reply' : 'event'} ${packet.procedure}`);
      if (awaited === undefined) {
        this.others.push(packet);
        for (const wake of this.#wake.splice(0)) wake();
      } else {
        this.#awaited.delete(packet.serial);
        awaited(packet);
      }
    }
  }
}
