import { MOST_FORWARDS } from '../../forwards/forward.ts';
import type {
  AttachRequest,
  Affect,
  ChangeOptions,
  EditRequest,
  ForwardsRequest,
  NetworkDriver,
  NetworkRef,
  StartOptions,
  StopOptions,
  UpdateRequest,
  UpOptions,
} from '../driver.ts';

/** A request as both ends of the socket see it. */
export interface Call {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One call of the driver as an HTTP exchange: how a client writes it (`encode`) and how a server answers it (`handle`). */
export interface Operation<Args extends readonly unknown[], Answer> {
  readonly method: Method;
  /** Segments that start with a colon are parameters. */
  readonly path: string;
  readonly summary: string;
  /** Words of the query that it reads, beside `by` of a network's name or uuid. */
  readonly query?: readonly string[];
  /** JSON Schema of the body. */
  readonly body?: object;
  readonly encode: (...args: Args) => Call;
  readonly handle: (driver: NetworkDriver, call: Required<Call>) => Promise<Answer>;
}

/** The calls that travel: all of the driver but its events (a stream of their own) and its end. */
export type RemoteMethod = Exclude<keyof NetworkDriver, 'on' | typeof Symbol.asyncDispose>;

type Operations = { readonly [M in RemoteMethod]: Operation<Parameters<NetworkDriver[M]>, Awaited<ReturnType<NetworkDriver[M]>>> };

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;
const texts = { type: 'array', items: text, maxItems: 20_000 } as const;
const object = (properties: Readonly<Record<string, object>>, ...required: readonly string[]): object => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});
const number = { type: 'integer' } as const;
const forwards = (items: object): object => ({ type: 'array', items, maxItems: MOST_FORWARDS });
/** What a port forward listens on. */
const listen = { proto: text, address: text, port: number, end: number } as const;
const documentBody = object({ xml: text, validate: flag }, 'xml');
const changeBody = object({ dryRun: flag });

interface DocumentBody {
  readonly xml: string;
  readonly validate?: boolean;
}

/** A reference as parameter and query: `by` says when a name that looks like a uuid is meant as a name. */
function encodeRef(ref: NetworkRef): Call {
  if (typeof ref === 'string') return { params: { ref } };
  return 'uuid' in ref ? { params: { ref: ref.uuid }, query: { by: 'uuid' } } : { params: { ref: ref.name }, query: { by: 'name' } };
}

function refOf(call: Required<Call>): NetworkRef {
  const ref = call.params['ref'] ?? '';
  if (call.query['by'] === 'name') return { name: ref };
  return call.query['by'] === 'uuid' ? { uuid: ref } : ref;
}

function refText(ref: NetworkRef): string {
  return typeof ref === 'string' ? ref : 'uuid' in ref ? ref.uuid : ref.name;
}

/** What of the options travels: a progress listener and an abort signal are the caller's own. */
function changeOf(options: ChangeOptions | undefined): { readonly dryRun?: boolean } {
  return options?.dryRun === undefined ? {} : { dryRun: options.dryRun };
}

function upOf(options: UpOptions | undefined): UpOptions {
  return { ...changeOf(options), ...(options?.bounce === undefined ? {} : { bounce: options.bounce }) };
}

function startOf(options: StartOptions | undefined): StartOptions {
  return { ...changeOf(options), ...(options?.skipRunning === undefined ? {} : { skipRunning: options.skipRunning }) };
}

function stopOf(options: StopOptions | undefined): StopOptions {
  return { ...changeOf(options), ...(options?.skipStopped === undefined ? {} : { skipStopped: options.skipStopped }) };
}

const bodyOf = <T>(call: Required<Call>): T => (call.body ?? {}) as T;
const defined = (query: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined));
const merge = (ref: NetworkRef, more: Call): Call => {
  const base = encodeRef(ref);
  return { ...more, params: { ...base.params, ...more.params }, query: { ...base.query, ...more.query } };
};

const network = '/v1/networks/:ref';

/** The driver's interface as routes. A method that is added to the driver does not compile until it stands here. */
export const operations: Operations = {
  list: { method: 'GET', path: '/v1/networks', summary: 'all networks', encode: () => ({}), handle: (d) => d.list() },
  get: { method: 'GET', path: network, summary: 'one network', encode: encodeRef, handle: (d, c) => d.get(refOf(c)) },
  problems: {
    method: 'GET',
    path: '/v1/problems',
    summary: 'stored files that cannot be read',
    encode: () => ({}),
    handle: (d) => d.problems(),
  },
  awaitedLock: {
    method: 'GET',
    path: '/v1/awaited-lock',
    summary: "who has the host's lock where a change waits for it",
    encode: () => ({}),
    handle: (d) => d.awaitedLock(),
  },
  daemon: { method: 'GET', path: '/v1/daemon', summary: 'the daemon that answers', encode: () => ({}), handle: (d) => d.daemon() },
  warnings: {
    method: 'GET',
    path: '/v1/warnings',
    summary: 'what on this host keeps running networks from working',
    query: ['networks'],
    encode: (refs) => ({ query: refs === undefined ? {} : { networks: JSON.stringify(refs.map(refText)) } }),
    handle: (d, c) => d.warnings(c.query['networks'] === undefined ? undefined : (JSON.parse(c.query['networks']) as string[])),
  },
  xml: {
    method: 'GET',
    path: `${network}/xml`,
    summary: 'the document, as `virsh net-dumpxml` prints it',
    query: ['inactive'],
    encode: (ref, options) => merge(ref, { query: options?.inactive === true ? { inactive: 'true' } : {} }),
    handle: (d, c) => d.xml(refOf(c), { inactive: c.query['inactive'] === 'true' }),
  },
  define: {
    method: 'POST',
    path: '/v1/networks',
    summary: 'store a definition',
    body: documentBody,
    encode: (xml, options) => ({ body: { xml, ...options } }),
    handle: (d, c) => d.define(bodyOf<DocumentBody>(c).xml, validation(bodyOf<DocumentBody>(c))),
  },
  create: {
    method: 'POST',
    path: '/v1/networks/transient',
    summary: 'start a network without storing it',
    body: documentBody,
    encode: (xml, options) => ({ body: { xml, ...options } }),
    handle: (d, c) => d.create(bodyOf<DocumentBody>(c).xml, validation(bodyOf<DocumentBody>(c))),
  },
  edit: {
    method: 'PUT',
    path: `${network}/xml`,
    summary: 'replace the definition that was edited, and change what runs',
    body: object({ xml: text, was: text, dryRun: flag, bounce: flag }, 'xml', 'was'),
    encode: (ref, request, options) => merge(ref, { body: { ...request, ...upOf(options) } }),
    handle: (d, c) => {
      const { xml, was } = bodyOf<EditRequest>(c);
      return d.edit(refOf(c), { xml, was }, upOf(bodyOf<UpOptions>(c)));
    },
  },
  undefine: { method: 'DELETE', path: network, summary: 'forget a definition', encode: encodeRef, handle: (d, c) => d.undefine(refOf(c)) },
  setAutostart: {
    method: 'PUT',
    path: `${network}/autostart`,
    summary: 'start with the host, or not',
    body: object({ autostart: flag }, 'autostart'),
    encode: (ref, autostart) => merge(ref, { body: { autostart } }),
    handle: (d, c) => d.setAutostart(refOf(c), bodyOf<{ autostart: boolean }>(c).autostart),
  },
  update: {
    method: 'PATCH',
    path: network,
    summary: 'change one section (`virsh net-update`)',
    body: object(
      { section: text, command: text, parentIndex: number, fragment: text, affect: text, dryRun: flag },
      'section',
      'command',
      'parentIndex',
      'fragment',
      'affect',
    ),
    encode: (ref, request, options) => merge(ref, { body: { ...request, ...changeOf(options) } }),
    handle: (d, c) => {
      const { dryRun: _dryRun, ...request } = bodyOf<UpdateRequest & ChangeOptions>(c);
      return d.update(refOf(c), request, changeOf(bodyOf<ChangeOptions>(c)));
    },
  },
  changeForwards: {
    method: 'PATCH',
    path: `${network}/forwards`,
    summary: 'add and remove port forwards',
    body: object(
      {
        add: forwards(object({ ...listen, to: text, toPort: number, sources: texts }, 'proto', 'port', 'to')),
        remove: forwards(object(listen, 'proto', 'port')),
        affect: text,
        dryRun: flag,
      },
      'affect',
    ),
    encode: (ref, change, options) => merge(ref, { body: { ...change, ...changeOf(options) } }),
    handle: (d, c) => {
      const { dryRun: _dryRun, ...change } = bodyOf<ForwardsRequest & ChangeOptions>(c);
      return d.changeForwards(refOf(c), change, changeOf(bodyOf<ChangeOptions>(c)));
    },
  },
  setMetadata: {
    method: 'PUT',
    path: `${network}/metadata/:item`,
    summary: 'set title, description or a metadata element',
    body: object({ value: text, key: text, uri: text, affect: text }, 'affect'),
    encode: (ref, item, value, options) =>
      merge(ref, { params: { item }, body: { ...(value === undefined ? {} : { value }), ...options } }),
    handle: (d, c) => {
      const { value, ...options } = bodyOf<{ value?: string; key?: string; uri?: string; affect: Affect }>(c);
      return d.setMetadata(refOf(c), c.params['item'] as 'title', value, options);
    },
  },
  metadata: {
    method: 'GET',
    path: `${network}/metadata/:item`,
    summary: 'title, description or a metadata element',
    query: ['affect', 'uri'],
    encode: (ref, item, options) => merge(ref, { params: { item }, query: defined({ uri: options.uri, affect: options.affect }) }),
    handle: (d, c) =>
      d.metadata(refOf(c), c.params['item'] as 'title', {
        affect: (c.query['affect'] ?? 'current') as Affect,
        ...(c.query['uri'] === undefined ? {} : { uri: c.query['uri'] }),
      }),
  },
  start: {
    method: 'POST',
    path: `${network}/start`,
    summary: 'start a network',
    body: changeBody,
    encode: (ref, options) => merge(ref, { body: changeOf(options) }),
    handle: (d, c) => d.start(refOf(c), bodyOf<ChangeOptions>(c)),
  },
  startAll: {
    method: 'POST',
    path: '/v1/start',
    summary: 'start several networks in one plan',
    body: object({ networks: texts, dryRun: flag, skipRunning: flag }, 'networks'),
    encode: (refs, options) => ({ body: { networks: refs.map(refText), ...startOf(options) } }),
    handle: (d, c) => d.startAll(bodyOf<{ networks: string[] }>(c).networks, startOf(bodyOf<StartOptions>(c))),
  },
  stop: {
    method: 'POST',
    path: `${network}/stop`,
    summary: 'stop a network',
    body: changeBody,
    encode: (ref, options) => merge(ref, { body: changeOf(options) }),
    handle: (d, c) => d.stop(refOf(c), bodyOf<ChangeOptions>(c)),
  },
  stopAll: {
    method: 'POST',
    path: '/v1/stop',
    summary: 'stop several networks in one plan',
    body: object({ networks: texts, dryRun: flag, skipStopped: flag }, 'networks'),
    encode: (refs, options) => ({ body: { networks: refs.map(refText), ...stopOf(options) } }),
    handle: (d, c) => d.stopAll(bodyOf<{ networks: string[] }>(c).networks, stopOf(bodyOf<StopOptions>(c))),
  },
  up: {
    method: 'POST',
    path: '/v1/up',
    summary: 'make these documents real: define and start, or change what runs; all or nothing',
    body: object({ documents: texts, dryRun: flag, bounce: flag }, 'documents'),
    encode: (documents, options) => ({ body: { documents, ...upOf(options) } }),
    handle: (d, c) => d.up(bodyOf<{ documents: string[] }>(c).documents, upOf(bodyOf<UpOptions>(c))),
  },
  diff: {
    method: 'GET',
    path: '/v1/diff',
    summary: 'what differs between what should be and what is',
    query: ['network'],
    encode: (ref) => ({ query: ref === undefined ? {} : { network: refText(ref) } }),
    handle: (d, c) => d.diff(c.query['network']),
  },
  repair: {
    method: 'POST',
    path: '/v1/repair',
    summary: 'mend what differs',
    body: object({ network: text, dryRun: flag }),
    encode: (ref, options) => ({ body: { ...(ref === undefined ? {} : { network: refText(ref) }), ...changeOf(options) } }),
    handle: (d, c) => d.repair(bodyOf<{ network?: string }>(c).network, changeOf(bodyOf<ChangeOptions>(c))),
  },
  autostart: {
    method: 'POST',
    path: '/v1/autostart',
    summary: 'start what is marked, once a boot; what could not start is tried again',
    body: changeBody,
    encode: (options) => ({ body: changeOf(options) }),
    handle: (d, c) => d.autostart(bodyOf<ChangeOptions>(c)),
  },
  ports: { method: 'GET', path: `${network}/ports`, summary: 'plugged guests', encode: encodeRef, handle: (d, c) => d.ports(refOf(c)) },
  createPort: {
    method: 'POST',
    path: `${network}/ports/document`,
    summary: 'register a port whose device somebody else makes',
    body: object({ xml: text, reclaim: flag, validate: flag }, 'xml'),
    encode: (ref, xml, options) => merge(ref, { body: { xml, ...options } }),
    handle: (d, c) => {
      const { xml, ...options } = bodyOf<{ xml: string; reclaim?: boolean; validate?: boolean }>(c);
      return d.createPort(refOf(c), xml, options);
    },
  },
  deletePort: {
    method: 'DELETE',
    path: `${network}/ports/:port`,
    summary: 'forget a port',
    encode: (ref, port) => merge(ref, { params: { port } }),
    handle: (d, c) => d.deletePort(refOf(c), c.params['port'] ?? ''),
  },
  setPortBandwidth: {
    method: 'PUT',
    path: `${network}/ports/:port/bandwidth`,
    summary: "set a port's limits",
    body: object({ bandwidth: { type: 'object' }, dryRun: flag }),
    encode: (ref, port, bandwidth, options) =>
      merge(ref, { params: { port }, body: { ...(bandwidth === undefined ? {} : { bandwidth }), ...changeOf(options) } }),
    handle: (d, c) => {
      const { bandwidth, ...options } = bodyOf<Pick<AttachRequest, 'bandwidth'> & ChangeOptions>(c);
      return d.setPortBandwidth(refOf(c), c.params['port'] ?? '', bandwidth, options);
    },
  },
  attach: {
    method: 'POST',
    path: `${network}/ports`,
    summary: 'plug a guest',
    body: object({ request: { type: 'object' }, dryRun: flag }, 'request'),
    encode: (ref, request, options) => merge(ref, { body: { request, ...changeOf(options) } }),
    handle: (d, c) => d.attach(refOf(c), bodyOf<{ request: AttachRequest }>(c).request, changeOf(bodyOf<ChangeOptions>(c))),
  },
  detach: {
    method: 'POST',
    path: `${network}/ports/:port/detach`,
    summary: 'unplug a guest',
    body: changeBody,
    encode: (ref, port, options) => merge(ref, { params: { port }, body: changeOf(options) }),
    handle: (d, c) => d.detach(refOf(c), c.params['port'] ?? '', bodyOf<ChangeOptions>(c)),
  },
  portStatus: {
    method: 'GET',
    path: `${network}/ports/status`,
    summary: 'whether guests are there, and what they carried',
    encode: encodeRef,
    handle: (d, c) => d.portStatus(refOf(c)),
  },
  reap: {
    method: 'POST',
    path: '/v1/reap',
    summary: 'unplug guests that are gone',
    body: object({ network: text, dryRun: flag }),
    encode: (ref, options) => ({ body: { ...(ref === undefined ? {} : { network: refText(ref) }), ...changeOf(options) } }),
    handle: (d, c) => d.reap(bodyOf<{ network?: string }>(c).network, changeOf(bodyOf<ChangeOptions>(c))),
  },
  leases: {
    method: 'GET',
    path: `${network}/leases`,
    summary: 'DHCP leases',
    query: ['mac'],
    encode: (ref, mac) => merge(ref, { query: defined({ mac }) }),
    handle: (d, c) => d.leases(refOf(c), c.query['mac']),
  },
};

function validation(body: DocumentBody): { readonly validate?: boolean } {
  return body.validate === undefined ? {} : { validate: body.validate };
}

/** The URL of a call, path and query. */
export function urlOf(operation: Pick<Operation<never, unknown>, 'path'>, call: Call): string {
  const path = operation.path.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(call.params?.[name] ?? ''));
  const query = new URLSearchParams(call.query).toString();
  return query === '' ? path : `${path}?${query}`;
}
