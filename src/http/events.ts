import type { FastifyReply, FastifyRequest } from 'fastify';
import type { NetworkDriver } from '../driver/driver.ts';

/** A comment line this often keeps proxies and clients from giving up. Milliseconds. */
const HEARTBEAT_MS = 15_000;
/** A reader that lets this many bytes pile up is cut off; it may come back. */
const MAX_BACKLOG = 1024 * 1024;

/** Sends each driver event as a server-sent event (WHATWG HTML, section 9.2) until the client goes away. */
export function eventStream(driver: NetworkDriver, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  const out = reply.raw;
  out.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store', connection: 'keep-alive' });
  out.write(': virtnet events\n\n');
  let id = 0;
  const end = driver.on((event) => {
    id += 1;
    out.write(`id: ${String(id)}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    if (out.writableLength > MAX_BACKLOG) out.destroy();
  });
  const beat = setInterval(() => out.write(': still here\n\n'), HEARTBEAT_MS);
  const stop = (): void => {
    clearInterval(beat);
    end();
  };
  out.on('error', stop);
  out.on('close', stop);
  request.raw.on('close', stop);
}
