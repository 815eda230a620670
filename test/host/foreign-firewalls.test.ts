// last: firewalls that few load by hand
// root: ufw and the legacy iptables
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { sh } from '../support/driver-documents.ts';

/** Firewalls that other programs load, and what virtnet says of them: it is to be what guests find out. */
const driver = await openDriver();
let server: ChildProcess | undefined;
const FILE = '/run/tmp/fw.xml';
const has = (command: string): boolean => spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;

beforeAll(async () => {
  writeFileSync(
    FILE,
    `<network><name>fw</name><forward mode='nat'/><bridge name='vbf' stp='off'/><dns><host ip='10.103.0.5'><hostname>five</hostname></host></dns>
      <ip address='10.103.0.1' prefix='24'><dhcp><range start='10.103.0.9' end='10.103.0.9'/></dhcp></ip></network>`,
  );
  sh(`ip netns add g; ip netns add outside; ip link add up0 type veth peer name eth0 netns outside; ip addr add 203.0.113.1/24 dev up0
    ip link set up0 up; ip -n outside addr add 203.0.113.2/24 dev eth0; ip -n outside link set eth0 up; bin/virtnet up ${FILE}`);
  server = spawn('ip', ['netns', 'exec', 'outside', 'socat', 'TCP-LISTEN:7777,fork', '/dev/null'], { stdio: 'ignore' });
  await driver.attach('fw', { owner: { name: 'g' }, attachment: { type: 'netns', netns: 'g' } });
  sh('ip -n g addr add 10.103.0.8/24 dev eth0; ip -n g link set eth0 up; ip -n g route add default via 10.103.0.1');
});
afterEach(() => {
  sh('for t in $(nft list tables | grep -v virtnet | cut -d" " -f2- | tr " " ,); do nft delete table $(echo $t | tr , " "); done');
});
afterAll(async () => {
  server?.kill();
  await driver.detach('fw', 'g');
  await driver.stop('fw');
  await driver[Symbol.asyncDispose]();
});

/** What a guest finds out. */
function works(): Readonly<Record<string, boolean>> {
  const does = (line: string): boolean => spawnSync('sh', ['-c', `ip netns exec g ${line}`]).status === 0;
  return {
    DHCP: does('udhcpc -i eth0 -n -q -f -t 3 -T 1 -s /bin/true'),
    DNS: does("sh -c 'dig +short +tries=1 +time=2 @10.103.0.1 five | grep -qx 10.103.0.5'"),
    outside: does('socat -u OPEN:/dev/null TCP:203.0.113.2:7777,connect-timeout=2'),
  };
}
const NOTHING = { DHCP: false, DNS: false, outside: false };
const ALL = { DHCP: true, DNS: true, outside: true };

interface Warned {
  readonly message: string;
  readonly hint: string;
}
const warned = async (): Promise<readonly Warned[]> =>
  (await driver.warnings(['fw'])).map(({ message, hint = '' }) => ({ message, hint: hint.replace('let the bridge pass there: ', '') }));

/** Guests get nothing, `up` and `show` say whose doing it is, and the commands of the hints let them pass. */
async function dropsAll(table: string, [input, forward]: readonly [string, string], which = ''): Promise<void> {
  expect(works()).toEqual(NOTHING);
  const found = await warned();
  const words = [
    `chain '${input}' of table '${table}'${which} drops by its policy what guests of 'fw' ask this host for: DHCP, DNS`,
    `chain '${forward}' of table '${table}'${which} drops by its policy what guests of 'fw' send through this host`,
  ];
  for (const text of [spawnSync('bin/virtnet', ['up', FILE], { encoding: 'utf8' }).stderr, sh('bin/virtnet show fw')])
    for (const word of words) expect(text.replace(/\s+/g, ' ')).toContain(word);
  expect(found.map(({ message }) => message).toSorted()).toEqual(words.toSorted());
  for (const { hint } of found) sh(hint);
  expect(works()).toEqual(ALL);
  expect(await warned()).toEqual([]);
}

test('without another firewall guests get all, and there is nothing to warn of', async () => {
  await expect.poll(works, { timeout: 20_000 }).toEqual(ALL);
  expect(await warned()).toEqual([]);
});

describe('a table of', () => {
  test('nftables, with a policy of drop', async () => {
    sh(`nft -f - <<'END'
table inet own {
  chain incoming { type filter hook input priority 0; policy drop; ct state established,related accept; iifname "lo" accept; tcp dport 22 accept; icmpv6 type { nd-neighbor-solicit } accept; }
  chain through { type filter hook forward priority 0; policy drop; ct state vmap { established : accept, related : accept, invalid : drop }; }
}
END`);
    await dropsAll('inet own', ['incoming', 'through']);
  });

  test.skipIf(!has('iptables'))('iptables-nft, as administrators write it', async () => {
    sh(`iptables -P INPUT DROP; iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT; iptables -A INPUT -i lo -j ACCEPT
      iptables -A INPUT -p tcp -m multiport --dports 22,80 -j ACCEPT; iptables -A INPUT -p icmp -m limit --limit 5/s -j ACCEPT
      iptables -P FORWARD DROP; iptables -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`);
    await dropsAll('ip filter', ['INPUT', 'FORWARD']);
  });

  test.skipIf(!has('iptables'))('iptables-nft, with a reject at the end, and services let in by port or by subnet', async () => {
    sh('iptables -A INPUT -i vbf -p udp -m udp --dport 67 -j ACCEPT; iptables -A INPUT -j REJECT --reject-with icmp-host-prohibited');
    expect(works()).toEqual({ ...ALL, DNS: false });
    expect((await warned()).map(({ message }) => message)).toEqual([
      "chain 'INPUT' of table 'ip filter' drops by a rule what guests of 'fw' ask this host for: DNS",
    ]);
    sh('iptables -I INPUT -s 10.103.0.0/24 -m comment --comment guests -j ACCEPT');
    expect([works(), await warned()]).toEqual([ALL, []]);
  });

  // A kernel that has no such tables has no list of them either.
  test.skipIf(!has('iptables-legacy') || !existsSync('/proc/net/ip_tables_names'))('iptables-legacy, which nft does not see', async () => {
    sh(`iptables-legacy -P INPUT DROP; iptables-legacy -A INPUT -i lo -j ACCEPT; iptables-legacy -A INPUT -p tcp -m multiport --dports 22,80:90 -j ACCEPT
      iptables-legacy -P FORWARD DROP; iptables-legacy -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`);
    await dropsAll('ip filter', ['INPUT', 'FORWARD'], ' (iptables-legacy)');
    sh('iptables-legacy -P INPUT ACCEPT; iptables-legacy -P FORWARD ACCEPT; iptables-legacy -F');
  });

  test.skipIf(!has('ufw'))('ufw, switched on with its defaults', async () => {
    // Its folder and its defaults are copies, which end with this test's mounts.
    sh(`cp -a /etc/ufw /run/tmp/ufw; mount --bind /run/tmp/ufw /etc/ufw; cp /etc/default/ufw /run/tmp/ufw.default
      mount --bind /run/tmp/ufw.default /etc/default/ufw; ufw --force enable`);
    expect(works()).toEqual(NOTHING);
    const found = await warned();
    expect(found.map(({ message }) => message).toSorted()).toEqual([
      "chain 'FORWARD' of table 'ip filter' drops by its policy what guests of 'fw' send through this host",
      "chain 'INPUT' of table 'ip filter' drops by a rule what guests of 'fw' ask this host for: DHCP, DNS",
    ]);
    for (const { hint } of found) sh(hint);
    expect([works(), await warned()]).toEqual([ALL, []]);
    sh('ufw --force disable; umount /etc/default/ufw /etc/ufw');
  });
});
