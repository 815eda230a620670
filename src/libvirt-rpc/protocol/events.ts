import { i32, optional, struct } from '../xdr/codec.ts';
import { network, text } from './structs.ts';

/** Events of the network family; each is a MESSAGE packet with serial 1, as real servers send it. */
export const EVENT_SERIAL = 1;

/** `virNetworkEventID`: what a client registers for. */
export const EventId = { lifecycle: 0, metadataChange: 1 } as const;

export const lifecycleEvent = {
  number: 315,
  body: struct({ callbackId: i32, network, event: i32, detail: i32 }),
} as const;

export const metadataChangeEvent = {
  number: 446,
  body: struct({ callbackId: i32, network, type: i32, namespace: optional(text) }),
} as const;

/** `virNetworkEventLifecycleType`, in the order of the numbers. */
export const lifecycleNumbers = { defined: 0, undefined: 1, started: 2, stopped: 3 } as const;
/** `virNetworkMetadataType`. */
export const metadataNumbers = { description: 0, title: 1, element: 2 } as const;
