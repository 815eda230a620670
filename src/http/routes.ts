import { operations, type Operation } from '../driver/remote/operations.ts';

/** One thing to ask for over HTTP, as lists of them tell it. */
export type Route = Pick<Operation<never, unknown>, 'path' | 'summary' | 'query' | 'body'> & { readonly method: string };

/** All of them: the driver's calls, and what is no call. */
export const routes: readonly Route[] = [
  ...Object.values(operations as unknown as Readonly<Record<string, Route>>),
  { method: 'GET', path: '/v1/events', summary: 'events as they happen: a stream of server-sent events' },
  { method: 'GET', path: '/v1', summary: 'this list' },
  { method: 'GET', path: '/metrics', summary: 'figures for Prometheus' },
];

/** docs/reference/http.md. */
export function httpPage(): string {
  const rows = routes.map(
    ({ method, path, query = [], body, summary }) => `| ${method} | \`${path}\` | ${code(query)} | ${code(fieldsOf(body))} | ${summary} |`,
  );
  return `<!-- Made from src/driver/remote/operations.ts: npm run docs -->

# HTTP

virtnetd answers HTTP with JSON on \`RUN_DIR/virtnetd.sock\`, for root alone. The driver's whole interface is there, call by call; \`virtnet\` and the library's
\`connect\` use it.

    curl --unix-socket /run/virtnet/virtnetd.sock http://virtnet/v1/networks

| method | path | query | body | what |
| --- | --- | --- | --- | --- |
${rows.join('\n')}

\`:ref\` is a network's name or uuid; \`?by=name\` or \`?by=uuid\` says which where it could be either. \`:port\` is a port's uuid, \`:item\` is \`title\`, \`description\`
or \`element\`. A field with a question mark may be left out; fields that nobody knows are refused. \`dryRun\` plans and changes nothing.

An answer is what the driver's call gives, \`null\` where that is nothing. An error is \`{ "error": { "code", "message", "hint", "diagnostics", "libvirt" } }\` with
the [code](errors.md) and a fitting status: 404 for a network that is not there, 409 where its state is against it, 422 for a document with findings,
423 while somebody else holds the lock, 500 where the host refuses.
`;
}

function code(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(', ');
}

/** The fields of a body's JSON Schema; those that need not be there with a question mark. */
function fieldsOf(body: object | undefined): readonly string[] {
  const { properties = {}, required = [] } = (body ?? {}) as { readonly properties?: object; readonly required?: readonly string[] };
  return Object.keys(properties).map((name) => (required.includes(name) ? name : `${name}?`));
}
