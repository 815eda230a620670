/**
 * Runs inside `test/oracle/with-libvirtd`: the networks of the matrix by a real libvirtd, the same guests and packets. Prints the rows
 * as JSON, `from` and `to` by name. Bundled and started by firewall-matrix.oracle.test.ts.
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { makeGuests, makeOutside, probe, sh, startServers } from './lab.ts';
import { documentOf, networks } from './matrix.ts';

const virsh = (...args: string[]): string => execFileSync('virsh', args, { encoding: 'utf8' });

makeOutside();
for (const net of networks) {
  const file = `/run/oracle/${net.name}.xml`;
  writeFileSync(file, documentOf(net));
  virsh('net-define', file);
  virsh('net-start', net.name);
}
makeGuests();
// The kernel uses an IPv6 address of its own as source only once nobody else has claimed it.
sh('for i in $(seq 100); do [ -n "$(ip -6 address show tentative)" ] || exit 0; sleep 0.1; done; exit 1');
const servers = await startServers();
const rows = (await probe()).map(({ from, to, ...rest }) => ({ from: from.name, to: to.name, ...rest }));
for (const server of servers) server.kill();
console.log(JSON.stringify(rows));
process.exit(0); // servers that have just been killed would otherwise be waited for
