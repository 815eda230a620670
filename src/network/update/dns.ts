import type { Result } from '../../base/diagnostic.ts';
import type { Dns, DnsHost, DnsSrv, DnsTxt } from '../dns.ts';
import type { DnsHostMatch } from '../dns-host.ts';
import type { DnsSrvMatch } from '../dns-srv.ts';
import type { DnsTxtMatch } from '../dns-txt.ts';
import type { Network } from '../network.ts';
import { inserted, replacedAt, withoutAt } from './list.ts';
import { done, refusal, refuse } from './refusal.ts';
import type { UpdateCommand } from './request.ts';

const EMPTY: Dns = { forwarders: [], txts: [], srvs: [], hosts: [] };

export function withDns(network: Network, change: Partial<Dns>): Result<Network> {
  const dns = { ...EMPTY, ...network.dns, ...change };
  const empty = dns.forwarders.length + dns.txts.length + dns.srvs.length + dns.hosts.length === 0;
  if (!empty || dns.enable !== undefined || dns.forwardPlainNames !== undefined) return done({ ...network, dns });
  const { dns: _gone, ...rest } = network;
  return done(rest);
}

/**
 * Adds, replaces or deletes the names of an address. Added: the address must be new (names need not). Replaced: the one record of the
 * address. Deleted: the one record that has the address or any of the names.
 */
export function updateDnsHost(network: Network, command: UpdateCommand, host: DnsHostMatch): Result<Network> {
  const hosts = network.dns?.hosts ?? [];
  const adds = command === 'add-first' || command === 'add-last';
  const matches = hosts.flatMap((old, i) =>
    (host.ip !== undefined && old.ip === host.ip) || (command === 'delete' && old.hostnames.some((name) => host.hostnames.includes(name)))
      ? [i]
      : [],
  );
  const [at] = matches;
  if (adds) {
    if (at === undefined) return withDns(network, { hosts: inserted(hosts, host as DnsHost, command) });
    return refuse(
      refusal(
        'VNE004',
        `network '${network.name}' has names for ${host.ip ?? ''} already`,
        55,
        `there is already at least one DNS HOST record with a matching field in network ${network.name}`,
        'modify the record instead',
      ),
    );
  }
  const single = exactlyOne(matches, network.name, 'HOST', 'DNS HOST records');
  if (!single.ok) return single;
  return withDns(network, {
    hosts: command === 'delete' ? withoutAt(hosts, single.value) : replacedAt(hosts, single.value, host as DnsHost),
  });
}

/** Adds, replaces or deletes a TXT record by its name. */
export function updateDnsTxt(network: Network, command: UpdateCommand, txt: DnsTxtMatch): Result<Network> {
  const txts = network.dns?.txts ?? [];
  const at = txts.findIndex((old) => old.name === txt.name);
  if (command === 'add-first' || command === 'add-last') {
    if (at < 0) return withDns(network, { txts: inserted(txts, txt as DnsTxt, command) });
    return refuse(
      refusal(
        'VNE004',
        `network '${network.name}' has a TXT record named '${txt.name}' already`,
        55,
        `there is already a DNS TXT record with name '${txt.name}' in network ${network.name}`,
        'modify it instead',
      ),
    );
  }
  const single = exactlyOne(at < 0 ? [] : [at], network.name, 'TXT', '');
  if (!single.ok) return single;
  if (command === 'modify' && txt.value === undefined) {
    const words = `missing value of modifying DNS TXT record in network ${network.name}`;
    return refuse(refusal('VNM010', 'the TXT record has no new value', 55, words, "add value='...'"));
  }
  return withDns(network, { txts: command === 'delete' ? withoutAt(txts, at) : replacedAt(txts, at, txt as DnsTxt) });
}

/**
 * Adds or deletes an SRV record; a record matches when what the fragment says of domain, service, protocol and target is true of it (port,
 * priority and weight are not looked at).
 */
export function updateDnsSrv(network: Network, command: Exclude<UpdateCommand, 'modify'>, srv: DnsSrvMatch): Result<Network> {
  const srvs = network.dns?.srvs ?? [];
  const fields = ['domain', 'service', 'protocol', 'target'] as const;
  const matches = srvs.flatMap((old, i) => (fields.every((field) => srv[field] === undefined || srv[field] === old[field]) ? [i] : []));
  if (command === 'delete') {
    const single = exactlyOne(matches, network.name, 'SRV', 'DNS SRV records matching all specified fields');
    return single.ok ? withDns(network, { srvs: withoutAt(srvs, single.value) }) : single;
  }
  if (matches.length === 0) return withDns(network, { srvs: inserted(srvs, srv as DnsSrv, command) });
  return refuse(
    refusal(
      'VNE004',
      `network '${network.name}' has an SRV record for which all of this is true already`,
      55,
      `there is already at least one DNS SRV record matching all specified fields in network ${network.name}`,
      'give another domain or target, or delete the other one first',
    ),
  );
}

function exactlyOne(matches: readonly number[], name: string, kind: string, several: string): Result<number> {
  const [at] = matches;
  if (at === undefined) {
    return refuse(
      refusal(
        'VNE005',
        `network '${name}' has no such ${kind} record`,
        55,
        `couldn't locate a matching DNS ${kind} record in network ${name}`,
      ),
    );
  }
  if (matches.length === 1) return done(at);
  const libvirtWords = several.includes('SRV')
    ? `multiple ${several} were found in network ${name}`
    : `multiple matching ${several} were found in network ${name}`;
  return refuse(
    refusal(
      'VNE006',
      `${String(matches.length)} ${kind} records of network '${name}' match`,
      55,
      libvirtWords,
      'say more about the one that is meant',
    ),
  );
}
