import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { isVirtnetError, type VirtnetError } from '../base/errors.ts';
import type { NetworkDriver } from '../driver/driver.ts';
import { operations, type Call, type Operation } from '../driver/remote/operations.ts';
import { eventStream } from './events.ts';
import { metricsText } from './metrics.ts';
import { routes } from './routes.ts';

type AnyOperation = Operation<readonly unknown[], unknown>;

/** Bytes of the largest body: a 5 MB document as a JSON string, escaped. */
const BODY_LIMIT = 32 * 1024 * 1024;

/**
 * The JSON API over a driver: one route per driver call, `/v1/events` (server-sent), `/metrics` (Prometheus text) and `/v1` (the list of
 * routes). Errors are `{ error: { code, message, hint, diagnostics, libvirt } }` with a fitting status. Ready, not listening.
 */
export async function httpServer(driver: NetworkDriver): Promise<FastifyInstance> {
  const { fastify } = await import('fastify');
  const app = fastify({
    bodyLimit: BODY_LIMIT,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true } },
  });
  for (const operation of Object.values(operations) as unknown as AnyOperation[]) {
    app.route({
      method: operation.method,
      url: operation.path,
      schema: operation.body === undefined ? {} : { body: operation.body },
      handler: async (request, reply) => {
        const call: Required<Call> = {
          params: request.params as Record<string, string>,
          query: request.query as Record<string, string>,
          body: request.body,
        };
        return reply.type('application/json').send(JSON.stringify((await operation.handle(driver, call)) ?? null));
      },
    });
  }
  app.get('/v1', () => ({ routes: routes.map(({ method, path, summary }) => ({ method, path, summary })) }));
  app.get('/v1/events', (request, reply) => eventStream(driver, request, reply));
  app.get('/metrics', async (_request, reply) => reply.type('text/plain; version=0.0.4').send(await metricsText(driver)));
  app.setErrorHandler((error, _request, reply) => answerError(reply, error));
  app.setNotFoundHandler((request, reply) => {
    void reply
      .code(404)
      .send({ error: { code: 'VNU001', message: `no route ${request.method} ${request.url}`, hint: 'GET /v1 lists them' } });
  });
  await app.ready();
  return app;
}

/**
 * Serves on the socket that `listen` opens. The routes are made when the first request comes: to load fastify and to compile their schemas is a
 * good part of what a daemon's start costs.
 * @returns the function that ends the server, and its socket with it.
 */
export async function listenHttp(driver: NetworkDriver, listen: (server: Server) => Promise<void>): Promise<() => Promise<void>> {
  let app: Promise<FastifyInstance> | undefined;
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    app ??= httpServer(driver);
    (await app).routing(request, response);
  };
  const server = createServer((request, response) => void serve(request, response).catch(() => response.destroy()));
  await listen(server);
  return async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
    await (await app)?.close();
  };
}

/** HTTP statuses of the codes that are the caller's business; everything else is the host's (500). */
const STATUS: Readonly<Record<string, number>> = {
  VND001: 404,
  VND004: 404,
  VND002: 409,
  VND003: 409,
  VND005: 409,
  VND006: 409,
  VND019: 409,
  VNH004: 423,
  VNH003: 403,
};

function answerError(reply: FastifyReply, error: unknown): void {
  if (isVirtnetError(error)) {
    void reply.code(statusOf(error)).send({ error: { ...error.toJSON(), ...(error.libvirt ? { libvirt: error.libvirt } : {}) } });
    return;
  }
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  const code = statusCode < 500 ? 'VNU001' : 'VND008';
  void reply.code(statusCode).send({ error: { code, message } });
}

function statusOf(error: VirtnetError): number {
  return STATUS[error.code] ?? (error.diagnostics.length > 0 ? 422 : 500);
}
