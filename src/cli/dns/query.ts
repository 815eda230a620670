import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';

/** What a server answered. */
export interface DnsAnswer {
  /** Address of the server. */
  readonly server: string;
  readonly answers: readonly { readonly type: string; readonly value: string }[];
  /** The server's word where it has no answer, such as `no such name`. */
  readonly failure?: string;
}

const WORDS: Readonly<Record<string, string>> = {
  EBADNAME: 'no name that DNS can carry',
  ENOTFOUND: 'no such name',
  ENODATA: 'no record of that kind',
  ETIMEOUT: 'no answer in time',
  ECONNREFUSED: 'nobody listens there',
  ESERVFAIL: 'the server failed (its upstream may be out of reach)',
  EREFUSED: 'refused',
};

/**
 * Asks a server for a name: its addresses, the SRV and TXT records of a name that begins with `_`, or the name of an address. Waits at
 * most 2 s twice.
 */
export async function askServer(server: string, name: string): Promise<DnsAnswer> {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  resolver.setServers([isIP(server) === 6 ? `[${server}]` : server]);
  const asked = await Promise.allSettled(questions(resolver, name));
  const answers = asked.flatMap((a) => (a.status === 'fulfilled' ? a.value : []));
  if (answers.length > 0) return { server, answers };
  const codes = asked.flatMap((a) => (a.status === 'rejected' ? [(a.reason as NodeJS.ErrnoException).code ?? ''] : []));
  const code = codes.find((c) => c !== 'ENODATA') ?? 'ENODATA';
  return { server, answers, failure: WORDS[code] ?? code };
}

type Answers = Promise<readonly { readonly type: string; readonly value: string }[]>;

function questions(resolver: Resolver, name: string): Answers[] {
  const of = async (type: string, values: Promise<readonly string[]>): Answers => (await values).map((value) => ({ type, value }));
  if (isIP(name) !== 0) return [of('PTR', resolver.reverse(name))];
  if (!name.startsWith('_')) return [of('A', resolver.resolve4(name)), of('AAAA', resolver.resolve6(name))];
  const srvs = resolver
    .resolveSrv(name)
    .then((found) => found.map((s) => `${String(s.priority)} ${String(s.weight)} ${String(s.port)} ${s.name}`));
  const txts = resolver.resolveTxt(name).then((found) => found.map((parts) => parts.join('')));
  return [of('SRV', srvs), of('TXT', txts)];
}
