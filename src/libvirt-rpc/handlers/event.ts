import type { Handlers } from './handlers.ts';

export const eventHandlers: Handlers<'networkEventRegisterAny' | 'networkEventDeregisterAny'> = {
  // Whether the network exists is not asked: a client may wait for one that is still to be defined.
  networkEventRegisterAny: (session, { eventId, network }) => session.subscriptions.add(eventId, network?.uuid),
  networkEventDeregisterAny: (session, id) => session.subscriptions.remove(id),
};
