import { createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { NetworkDriver } from '../driver/driver.ts';
import type { Calls } from './calls.ts';
import { Client } from './client.ts';
import type { Listener } from './listeners.ts';
import { listen } from './listeners.ts';
import { remoteCalls } from './remote-calls.ts';
import type { Service } from './session.ts';

/** libvirt 11.3.0: the version whose behaviour this face has. */
export const LIBVIRT_VERSION = 11_003_000;
/** libvirtd's `max_clients`. */
const CLIENTS_MAX = 5000;
/** libvirtd's `max_anonymous_clients`. */
const UNAUTHENTICATED_MAX = 20;
/** Bytes that all clients together may make the server hold before the one that holds most is dropped. */
const HELD_BYTES_MAX = 256 << 20;
const TICK_MS = 1000;

export interface RpcServerOptions {
  readonly driver: NetworkDriver;
  /** Writes the `<networkport>` document of a port. */
  readonly portXml: Service['portXml'];
  /** What its sockets serve; absent: libvirt's remote program. */
  readonly calls?: Calls;
  readonly libvirtVersion?: number;
  readonly clientsMax?: number;
  readonly unauthenticatedMax?: number;
  readonly heldBytesMax?: number;
  /** Told about what an administrator should know: a connection that the server ended, a failed accept. */
  readonly onNotice?: (message: string, details: Readonly<Record<string, unknown>>) => void;
  /** Milliseconds of a steady clock. */
  readonly now?: () => number;
}

/** What a server is doing now. */
export interface RpcServerStatus {
  readonly clients: number;
  /** Calls that are carried out, and that wait for these. */
  readonly running: number;
  readonly waiting: number;
  readonly heldBytes: number;
}

/** The daemon's libvirt face: any number of listening sockets, one driver behind them. */
export class RpcServer implements AsyncDisposable {
  readonly #options: RpcServerOptions;
  readonly #service: Service;
  readonly #servers: Server[] = [];
  readonly #clients = new Set<Client>();
  readonly #endEvents: () => void;
  readonly #timer: NodeJS.Timeout;
  readonly #now: () => number;
  #nextId = 1;
  /** Connections that it takes; more are turned away. Those that there are stay when it becomes less. */
  clientsMax: number;
  /** Connections that may wait for their authentication, at most `clientsMax`. None ever does: what admits them is the socket's mode. */
  unauthenticatedMax: number;

  constructor(options: RpcServerOptions) {
    this.#options = options;
    this.clientsMax = options.clientsMax ?? CLIENTS_MAX;
    this.unauthenticatedMax = options.unauthenticatedMax ?? UNAUTHENTICATED_MAX;
    this.#now = options.now ?? (() => performance.now());
    this.#service = { driver: options.driver, libvirtVersion: options.libvirtVersion ?? LIBVIRT_VERSION, portXml: options.portXml };
    this.#endEvents = options.driver.on((event) => {
      for (const client of this.#clients) client.notify(event);
    });
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    this.#timer.unref();
  }

  get status(): RpcServerStatus {
    const total = { clients: this.#clients.size, running: 0, waiting: 0, heldBytes: 0 };
    for (const { running, waiting, heldBytes } of this.#clients) {
      total.running += running;
      total.waiting += waiting;
      total.heldBytes += heldBytes;
    }
    return total;
  }

  /** Its connections, in the order in which they came. */
  get clients(): readonly Client[] {
    return [...this.#clients];
  }

  /** @throws VirtnetError VNR001 when the place is taken. */
  async listen(listener: Listener, access: 'read-write' | 'read-only'): Promise<void> {
    const server = createServer({ allowHalfOpen: false });
    server.on('connection', (socket) => this.#connect(socket, access === 'read-only'));
    await listen(server, listener);
    server.on('error', (error) => this.#notice('cannot accept a connection', { error: error.message }));
    this.#servers.push(server);
  }

  /** Stops listening, lets running calls be answered for at most `graceMs`, then ends what is left. */
  async close(graceMs = 5000): Promise<void> {
    clearInterval(this.#timer);
    const closed = this.#servers.splice(0).map((server) => new Promise<void>((resolve) => void server.close(() => resolve())));
    for (const client of this.#clients) client.finish();
    const force = setTimeout(() => {
      for (const client of this.#clients) client.drop('the daemon ends');
    }, graceMs);
    await Promise.all(closed);
    clearTimeout(force);
    this.#endEvents();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #connect(socket: Socket, readOnly: boolean): void {
    if (this.#clients.size >= this.clientsMax) {
      this.#notice('too many clients, a new one is turned away', { clients: this.#clients.size });
      socket.destroy();
      return;
    }
    const onClose = (client: Client, reason: string | undefined): void => {
      this.#clients.delete(client);
      if (reason !== undefined) this.#notice('connection ended', { reason });
    };
    const calls = this.#options.calls ?? remoteCalls;
    this.#clients.add(new Client(socket, { id: this.#nextId++, service: this.#service, calls, readOnly, now: this.#now, onClose }));
  }

  #tick(): void {
    let held = 0;
    let heaviest: Client | undefined;
    for (const client of this.#clients) {
      client.tick();
      held += client.heldBytes;
      if (heaviest === undefined || client.heldBytes > heaviest.heldBytes) heaviest = client;
    }
    if (held > (this.#options.heldBytesMax ?? HELD_BYTES_MAX)) heaviest?.drop('the clients together hold too much memory');
  }

  #notice(message: string, details: Readonly<Record<string, unknown>>): void {
    this.#options.onNotice?.(message, details);
  }
}
