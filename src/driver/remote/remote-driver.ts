import { request as httpRequest, type IncomingMessage } from 'node:http';
import { VirtnetError, type VirtnetErrorInit } from '../../base/errors.ts';
import type { DriverEvent, NetworkDriver } from '../driver.ts';
import type { OpenOptions } from '../open.ts';
import { operations, urlOf, type Call, type Operation, type RemoteMethod } from './operations.ts';

type AnyOperation = Operation<readonly unknown[], unknown>;

/**
 * The driver of a running virtnetd, over its HTTP socket: the same interface as the local one.
 * Every call rejects with the `VirtnetError` that the daemon's driver gave, or VND007 when the daemon does not answer.
 */
export function remoteDriver(socketPath: string, { onWait }: Pick<OpenOptions, 'onWait'> = {}): NetworkDriver {
  const streams = new Set<() => void>();
  const call = (name: RemoteMethod, args: readonly unknown[]): Promise<unknown> => {
    const operation = operations[name] as unknown as AnyOperation;
    const answer = send(socketPath, operation, operation.encode(...args));
    return onWait === undefined || operation.method === 'GET' ? answer : tellingOfWaits(answer, methods.awaitedLock, onWait);
  };
  const methods = Object.fromEntries(
    (Object.keys(operations) as RemoteMethod[]).map((name) => [name, (...args: unknown[]) => call(name, args)]),
  ) as unknown as Pick<NetworkDriver, RemoteMethod>;
  return {
    ...methods,
    on(listener) {
      const end = follow(socketPath, listener);
      streams.add(end);
      return () => {
        streams.delete(end);
        end();
      };
    },
    [Symbol.asyncDispose]() {
      for (const end of streams) end();
      return Promise.resolve();
    },
  };
}

/** Milliseconds between questions whether the daemon waits; nobody needs to hear about less. */
const PATIENCE_MS = 1000;

/** The answer; while it is not there, the daemon is asked each second whether it waits for another process, which is told once. */
async function tellingOfWaits<T>(
  answer: Promise<T>,
  awaitedLock: NetworkDriver['awaitedLock'],
  onWait: NonNullable<OpenOptions['onWait']>,
): Promise<T> {
  let isOver = false;
  const end = (): void => {
    isOver = true;
    clearInterval(timer);
  };
  const ask = async (): Promise<void> => {
    const lock = await awaitedLock().catch(() => undefined); // the answer says it, too
    if (isOver || !lock) return;
    end();
    onWait(lock.holder);
  };
  const timer = setInterval(() => void ask(), PATIENCE_MS);
  return answer.finally(end);
}

async function send(socketPath: string, operation: AnyOperation, call: Call): Promise<unknown> {
  const body = operation.body === undefined ? undefined : JSON.stringify(call.body ?? {});
  const { status, text } = await exchange(socketPath, operation.method, urlOf(operation, call), body);
  const answer: unknown = text === '' ? undefined : JSON.parse(text);
  if (status >= 400) throw isNoCall(answer, status) ? olderDaemon(operation) : errorFrom(answer, status);
  return answer;
}

function exchange(socketPath: string, method: string, path: string, body: string | undefined): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const request = httpRequest({ socketPath, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
      response.on('error', (error) => reject(unreachable(error)));
    });
    request.on('error', (error) => reject(unreachable(error)));
    request.end(body);
  });
}

/** Reads server-sent events until told to stop (or until the daemon ends). */
function follow(socketPath: string, listener: (event: DriverEvent) => void): () => void {
  const request = httpRequest({ socketPath, path: '/v1/events', agent: false }, (response: IncomingMessage) => {
    let pending = '';
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      const events = (pending + chunk).split('\n\n');
      pending = events.pop() ?? '';
      for (const event of events) {
        const data = event.split('\n').find((line) => line.startsWith('data: '));
        if (data !== undefined) listener(JSON.parse(data.slice('data: '.length)) as DriverEvent);
      }
    });
    response.on('error', () => undefined);
  });
  request.on('error', () => undefined);
  request.end();
  return () => request.destroy();
}

function unreachable(cause: Error): VirtnetError {
  return new VirtnetError({
    code: 'VND007',
    message: `virtnetd does not answer: ${cause.message}`,
    hint: 'look at its log (`journalctl -u virtnetd`), or stop it and run the command again: virtnet works without it',
    cause,
  });
}

/** What virtnetd answers to a call that it does not know; what the driver itself does not find has a code of its own. */
function isNoCall(answer: unknown, status: number): boolean {
  return status === 404 && (answer as { error?: VirtnetErrorInit } | undefined)?.error?.code === 'VNU001';
}

function olderDaemon({ method, path }: AnyOperation): VirtnetError {
  return new VirtnetError({
    code: 'VND020',
    message: `the virtnetd that runs is older than this virtnet: it does not know ${method} ${path}`,
    hint: 'start it anew (`systemctl restart virtnetd`): the networks go on meanwhile',
  });
}

function errorFrom(answer: unknown, status: number): VirtnetError {
  const init = (answer as { error?: VirtnetErrorInit } | undefined)?.error;
  return new VirtnetError(init ?? { code: 'VND007', message: `virtnetd answered with HTTP status ${String(status)}` });
}
