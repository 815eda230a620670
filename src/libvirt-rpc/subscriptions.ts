import type { DriverEvent } from '../driver/driver.ts';
import { EVENT_SERIAL, EventId, lifecycleEvent, lifecycleNumbers, metadataChangeEvent, metadataNumbers } from './protocol/events.ts';
import { Code, Domain } from './protocol/error-numbers.ts';
import { remoteError } from './remote-error.ts';
import type { Codec } from './xdr/codec.ts';
import { MessageStatus, MessageType, PROGRAM_VERSION, REMOTE_PROGRAM, writePacket } from './wire/packet.ts';

interface Subscription {
  readonly eventId: number;
  /** Only this network; absent: all of them. */
  readonly uuid: string | undefined;
}

/** More registrations than any client makes; each costs memory here. */
const SUBSCRIPTIONS_MAX = 10_000;

/** Callback ids are unique over all connections of a process, as libvirt's are. */
let nextCallbackId = 0;

/** The event registrations of one connection. */
export class Subscriptions {
  readonly #byId = new Map<number, Subscription>();

  /** @throws RemoteError for an unknown event, and for a second registration of the same event and filter. */
  add(eventId: number, uuid: string | undefined): number {
    if (eventId !== EventId.lifecycle && eventId !== EventId.metadataChange) {
      throw remoteError(Code.internalError, Domain.rpc, `unsupported network event ID ${eventId}`);
    }
    for (const known of this.#byId.values()) {
      if (known.eventId === eventId && known.uuid === uuid) {
        throw remoteError(Code.invalidArg, Domain.none, 'event callback already tracked');
      }
    }
    if (this.#byId.size >= SUBSCRIPTIONS_MAX)
      throw remoteError(Code.internalError, Domain.rpc, 'too many event callbacks on one connection');
    const id = nextCallbackId;
    nextCallbackId = (nextCallbackId + 1) & 0x7fffffff;
    this.#byId.set(id, { eventId, uuid });
    return id;
  }

  /** @throws RemoteError when this connection has no such registration. */
  remove(id: number): void {
    if (!this.#byId.delete(id)) throw remoteError(Code.internalError, Domain.rpc, `network event callback ${id} not registered`);
  }

  clear(): void {
    this.#byId.clear();
  }

  /** The packets that tell this connection about an event: one per matching registration. */
  packets(event: DriverEvent): readonly Buffer[] {
    const eventId = eventIdOf(event);
    if (eventId === undefined) return [];
    const packets: Buffer[] = [];
    for (const [id, { eventId: wanted, uuid }] of this.#byId) {
      if (wanted === eventId && (uuid === undefined || uuid === event.uuid)) packets.push(eventPacket(id, event));
    }
    return packets;
  }
}

function eventIdOf(event: DriverEvent): number | undefined {
  if (event.type === 'lifecycle') return EventId.lifecycle;
  return event.type === 'metadata' ? EventId.metadataChange : undefined;
}

function eventPacket(callbackId: number, event: DriverEvent): Buffer {
  const network = { name: event.name, uuid: event.uuid };
  if (event.type === 'lifecycle') {
    return message(lifecycleEvent.number, lifecycleEvent.body, { callbackId, network, event: lifecycleNumbers[event.event], detail: 0 });
  }
  const item = event.type === 'metadata' ? event.item : 'element';
  const namespace = event.type === 'metadata' ? event.namespace : undefined;
  return message(metadataChangeEvent.number, metadataChangeEvent.body, { callbackId, network, type: metadataNumbers[item], namespace });
}

function message<T>(procedure: number, body: Codec<T>, value: T): Buffer {
  const header = { program: REMOTE_PROGRAM, version: PROGRAM_VERSION, procedure, type: MessageType.message };
  return writePacket({ ...header, serial: EVENT_SERIAL, status: MessageStatus.ok }, body, value);
}
