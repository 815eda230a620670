import { createConnection, createServer } from 'node:net';
import { Resolver } from 'node:dns/promises';
import { createInterface } from 'node:readline';

/** What a probe is asked. It stands in a namespace of the demo and sends real packets from there. */
export type ProbeRequest =
  /** Listens on TCP for both families and tells each caller the address it came from. */
  | { readonly do: 'listen'; readonly port: number }
  /** Connects and reads what the other side saw. */
  | { readonly do: 'connect'; readonly host: string; readonly port: number; readonly timeoutMs: number }
  | { readonly do: 'resolve'; readonly name: string; readonly server: string; readonly type: 'A' | 'AAAA' | 'PTR' };

/** `saw` is the peer's view of the connection's source; `error` a code of Node's (`ECONNREFUSED`, `TIMEOUT`). */
export type ProbeAnswer =
  { readonly ok: true; readonly saw?: string; readonly answers?: readonly string[] } | { readonly ok: false; readonly error: string };

/** Answers requests on stdin until it closes. */
export function serveProbe(): void {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    const { id, ...request } = JSON.parse(line) as ProbeRequest & { readonly id: number };
    void answer(request as ProbeRequest).then((result) => process.stdout.write(`${JSON.stringify({ id, ...result })}\n`));
  });
  lines.on('close', () => process.exit(0));
}

async function answer(request: ProbeRequest): Promise<ProbeAnswer> {
  try {
    switch (request.do) {
      case 'listen':
        return await listen(request.port);
      case 'connect':
        return await connect(request.host, request.port, request.timeoutMs);
      case 'resolve':
        return { ok: true, answers: await resolve(request.name, request.server, request.type) };
    }
  } catch (error) {
    return { ok: false, error: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

async function listen(port: number): Promise<ProbeAnswer> {
  for (const host of ['0.0.0.0', '::']) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end(socket.remoteAddress ?? '');
    });
    await new Promise<void>((done, fail) => {
      server.once('error', fail);
      server.listen({ host, port, ipv6Only: host === '::' }, done);
    });
  }
  return { ok: true };
}

function connect(host: string, port: number, timeoutMs: number): Promise<ProbeAnswer> {
  return new Promise((done) => {
    const socket = createConnection({ host, port });
    let saw = '';
    const timer = setTimeout(() => {
      socket.destroy();
      done({ ok: false, error: 'TIMEOUT' });
    }, timeoutMs);
    socket.setEncoding('utf8').on('data', (text: string) => (saw += text));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      done({ ok: false, error: error.code ?? error.message });
    });
    socket.on('end', () => {
      clearTimeout(timer);
      done({ ok: true, saw });
    });
  });
}

async function resolve(name: string, server: string, type: 'A' | 'AAAA' | 'PTR'): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  resolver.setServers([server.includes(':') ? `[${server}]` : server]);
  if (type === 'A') return resolver.resolve4(name);
  return type === 'AAAA' ? resolver.resolve6(name) : resolver.reverse(name);
}
