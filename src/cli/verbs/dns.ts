import { VirtnetError } from '../../base/errors.ts';
import { askServer } from '../dns/query.ts';
import { recordsOf, type DnsRecord } from '../dns/records.ts';
import { ruleFor, rulesOf } from '../dns/rules.ts';
import { FAILED, OK } from '../exit.ts';
import { formatTable } from '../render/table.ts';
import { clean, pad, shellLine } from '../render/text.ts';
import { flag, type Run } from '../verb.ts';
import { printJson } from '../views.ts';

export const run: Run = async (io, [name = '', hostname], options) => {
  await using driver = await io.openDriver();
  const { network, active, uuid } = await driver.get(name);
  const all = recordsOf(network, active ? await driver.leases({ uuid }) : [], Date.now() / 1000);
  const rules = rulesOf(network);
  if (hostname === undefined) {
    if (flag(options, 'json')) io.out(printJson({ records: all, rules }));
    else {
      io.out(recordTable(all, io.tableWidth));
      io.out(`${all.length === 0 ? '' : '\n'}${rules.map((r) => `${pad(clean(r.names), 24)} ${clean(r.answeredBy)}\n`).join('')}`);
    }
    return OK;
  }
  const server = network.ips.find((ip) => !ip.address.includes(':'))?.address ?? network.ips[0]?.address;
  if (!active || server === undefined || network.dns?.enable === false)
    throw new VirtnetError({
      code: 'VND003',
      message: active ? `network '${network.name}' has no DNS server` : `network '${network.name}' does not run, so nobody answers`,
      hint: active ? 'give it an <ip> address' : shellLine('virtnet', 'start', network.name),
    });
  const records = all.filter((r) => isNamed(r, hostname, network.domain?.name));
  const answer = await askServer(server, hostname);
  const rule = records.length > 0 ? undefined : ruleFor(hostname, rules);
  if (flag(options, 'json')) io.out(printJson({ records, ...(rule === undefined ? {} : { rule }), answer }));
  else {
    for (const { type, value } of answer.answers) io.out(clean(`${hostname} ${type} ${value}`) + '\n');
    if (answer.failure !== undefined) io.out(clean(`${hostname}: ${answer.failure} (asked ${server})`) + '\n');
    const from = [...new Set(records.map((r) => saysOf(r.from)))].join(', ');
    io.err(clean(rule === undefined ? `known here: ${from}` : `not known here; ${rule.names}: ${rule.answeredBy}`) + '\n');
  }
  return answer.failure === undefined ? OK : FAILED;
};

function recordTable(records: ReturnType<typeof recordsOf>, width: number): string {
  if (records.length === 0) return '';
  const columns = [{ header: 'NAME', shrink: true }, { header: 'TYPE' }, { header: 'VALUE', shrink: true }, { header: 'FROM' }];
  return formatTable(
    columns,
    records.map((r) => [r.name, r.type, r.value, saysOf(r.from)]),
    width,
  );
}

function saysOf(from: DnsRecord['from']): string {
  return from === 'reserved' ? 'reserved, no lease yet' : from;
}

/** A name as it stands in the record, or without the network's domain; an address is the value of its record. */
function isNamed(record: { readonly name: string; readonly value: string }, asked: string, domain: string | undefined): boolean {
  const wanted = asked.toLowerCase().replace(/\.$/, '');
  const name = record.name.toLowerCase();
  return name === wanted || (domain !== undefined && name === `${wanted}.${domain.toLowerCase()}`) || record.value === asked;
}
