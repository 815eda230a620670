// root: sockets that send pings
// kernels: both
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileNetwork, compileShared } from '../../src/compile/compile.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { readNetwork } from '../../src/network/read.ts';
import { expected } from '../support/packets/expectation.ts';
import { makeGuests, makeOutside, probe, startServers, type Seen } from '../support/packets/lab.ts';
import { documentOf, networks as matrix } from '../support/packets/matrix.ts';
import { reach, remaining } from '../support/states.ts';

const paths = {
  runDir: process.env['VIRTNET_RUN_DIR'] ?? '/run/test/run',
  stateDir: process.env['VIRTNET_STATE_DIR'] ?? '/run/test/lib',
  leaseScript: '/bin/true',
};
const host = linuxHost({ paths });
let servers: readonly ChildProcess[] = [];
let seen: readonly Seen[] = [];

/** All networks of the matrix as resources of this host. */
async function resources() {
  const networks = matrix.map((net) => {
    const { network, diagnostics } = readNetwork(documentOf(net));
    if (!network) throw new Error(JSON.stringify(diagnostics));
    return network;
  });
  const facts = await host.facts();
  const own = networks.flatMap((network) => {
    const result = compileNetwork({ network, ports: [], facts, others: networks });
    if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
    return result.value;
  });
  return [...compileShared(networks), ...own];
}

beforeAll(async () => {
  makeOutside();
  await reach(host, await resources());
  makeGuests();
  servers = await startServers();
  seen = await probe();
});
afterAll(async () => {
  for (const server of servers) server.kill();
  await host[Symbol.asyncDispose]();
});

/** What the rows of one sender should be, in the words of what was seen. */
function words(row: Seen): string {
  const outcome = expected(row.from, row.to, row.family);
  if (typeof outcome === 'string') return outcome;
  return row.protocol === 'icmp' ? '-' : outcome.seenAs;
}
const line = (row: Seen, result: string): string => `${row.to.name} ${row.protocol} ${row.family}: ${result}`;

describe('a first packet', () => {
  const senders = [...matrix.map((net) => `${net.name}.a`), 'out1', 'out2', 'host'];
  test.each(senders)('from %s gets where the rules of both networks let it, and no further', (sender) => {
    const rows = seen.filter((row) => row.from.name === sender);
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.map((row) => line(row, row.result))).toEqual(rows.map((row) => line(row, words(row))));
  });
});

describe('the rules', () => {
  test('are listed by nft as they were written, so that nothing remains to be done', async () => {
    expect(await remaining(host, await resources())).toEqual([]);
  });
});
