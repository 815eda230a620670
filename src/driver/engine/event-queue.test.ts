import { expect, test } from 'vitest';
import type { DriverEvent } from '../driver.ts';
import { EventQueue } from './event-queue.ts';

const event: DriverEvent = { type: 'lifecycle', event: 'started', name: 'a', uuid: '11111111-2222-3333-4444-555555555501' };

test('an event is told after the answer, and before the process turns to anything else', async () => {
  const order: string[] = [];
  const queue = new EventQueue();
  queue.on(() => order.push('event'));
  setImmediate(() => order.push('something else'));
  await Promise.resolve().then(() => queue.push([event]));
  order.push('answer');
  await new Promise(setImmediate);
  expect(order).toEqual(['answer', 'event', 'something else']);
});
