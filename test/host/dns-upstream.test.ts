import { execFile, execFileSync } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';

/** What a network's guests ask is answered here, or goes to whom the document says, seen by servers that keep what they are asked. */
const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
/** The servers are in this process, which must not wait for a command that asks them. */
const dig = async (words: string): Promise<string> =>
  (await promisify(execFile)('sh', ['-c', `ip netns exec g dig +tries=2 +time=5 ${words}`])).stdout;
const RESOLV = '/run/tmp/resolv.conf';
const driver = await openDriver();

/** A name server that answers each question with an address of its own, and keeps the questions. */
interface Upstream {
  readonly address: string;
  readonly asked: Set<string>;
  readonly socket: Socket;
}

async function upstream(address: string): Promise<Upstream> {
  const asked = new Set<string>();
  const socket = createSocket('udp4');
  socket.on('message', (query, from) => {
    const labels: string[] = [];
    let at = 12;
    for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
      labels.push(query.toString('latin1', at + 1, at + 1 + length));
      at += 1 + length;
    }
    // Names that dnsmasq asks by itself, of servers and roots, are not the guests'.
    asked.add(labels.join('.').toLowerCase());
    const question = query.subarray(12, at + 5);
    const isA = query.readUInt16BE(at + 1) === 1;
    const head = Buffer.from(query.subarray(0, 12));
    head.writeUInt16BE(0x8180, 2); // an answer, recursion available, no error
    head.writeUInt16BE(isA ? 1 : 0, 6);
    head.writeUInt32BE(0, 8);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split('.').map(Number)]);
    socket.send(Buffer.concat([head, question, isA ? record : Buffer.alloc(0)]), from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(53, address, resolve));
  return { address, asked, socket };
}

let site: Upstream;
let corp: Upstream;
beforeAll(async () => {
  [site, corp] = await Promise.all([upstream('127.0.0.153'), upstream('127.0.0.154')]);
  resolvConf(site.address);
  sh(`mount --bind ${RESOLV} /etc/resolv.conf; ip netns add g`);
});
afterEach(async () => {
  await driver.detach('names', 'g');
  await driver.stop('names');
  await driver.undefine('names');
});
afterAll(async () => {
  await driver[Symbol.asyncDispose]();
  for (const { socket } of [site, corp]) socket.close();
  sh('umount /etc/resolv.conf; ip netns del g');
});

function resolvConf(...addresses: readonly string[]): void {
  writeFileSync(RESOLV, addresses.map((address) => `nameserver ${address}\n`).join(''));
}

/** Runs a network with a guest, the lists of what was asked empty. */
async function up(mode: string, body: string, ip = "address='10.96.0.1' prefix='24'"): Promise<void> {
  await driver.up([`<network><name>names</name>${mode}<bridge name='virbr96' stp='off'/>${body}<ip ${ip}/></network>`]);
  await driver.attach('names', { owner: { name: 'g' }, attachment: { type: 'netns', netns: 'g' } });
  sh('ip -n g addr add 10.96.0.9/24 dev eth0; ip -n g link set eth0 up; ip netns exec g ping -q -c 1 -w 10 10.96.0.1');
  site.asked.clear();
  corp.asked.clear();
}

/** The answer that a guest gets: its status and its records. */
async function ask(...words: readonly string[]): Promise<string> {
  const text = await dig(`@10.96.0.1 ${words.join(' ')}`);
  const status = /status: (\w+)/.exec(text)?.[1] ?? 'silent';
  const records = text.split('\n').filter((line) => /^[^;]\S*\s+\d+\s+IN\s/.test(line) && !/\sSOA\s/.test(line));
  return [status, ...records.map((line) => line.split(/\s+/).at(-1) ?? '')].join(' ');
}
/** An answer with the recording server's address says who gave it; the list says who was asked. */
const FROM_SITE = 'NOERROR 127.0.0.153';
const FROM_CORP = 'NOERROR 127.0.0.154';
const NAT = "<forward mode='nat'/>";

describe('what goes upstream', () => {
  test('is no private address, no name of a domain that is local, and no plain name where these stay here', async () => {
    await up(NAT, "<domain name='lab.example' localOnly='yes'/><dns forwardPlainNames='no'/>");
    expect(await ask('nobody.lab.example')).toBe('NXDOMAIN');
    expect(await ask('nobody.lab.example', 'AAAA')).toBe('NXDOMAIN');
    expect(await ask('printer')).toBe('NXDOMAIN');
    expect(await ask('-x', '10.96.0.77')).toBe('NXDOMAIN');
    expect([...site.asked]).toEqual([]);
    expect(await ask('www.example.org')).toBe(FROM_SITE);
    expect([...site.asked]).toEqual(['www.example.org']);
  });

  test('is no private address of a subnet whose prefix ends within an octet', async () => {
    await up(NAT, '', "address='10.96.0.1' prefix='20'");
    expect(await ask('-x', '10.96.15.77')).toBe('NXDOMAIN');
    expect([...site.asked]).toEqual([]);
    await ask('-x', '10.96.16.77');
    expect([...site.asked]).toEqual(['77.16.96.10.in-addr.arpa']);
  });

  test('is a plain name, a name of a domain that is not local, and an address of a subnet whose names are another’s', async () => {
    await up(NAT, "<domain name='lab.example'/>", "address='10.96.0.1' prefix='24' localPtr='no'");
    expect(await ask('nobody.lab.example')).toBe(FROM_SITE);
    expect(await ask('printer')).toBe(FROM_SITE);
    await ask('-x', '10.96.0.77');
    expect([...site.asked]).toEqual(['nobody.lab.example', 'printer', '77.0.96.10.in-addr.arpa']);
  });

  test('is no address of a subnet with localPtr, also where it is not behind NAT', async () => {
    await up("<forward mode='route'/>", '', "address='10.96.0.1' prefix='24' localPtr='yes'");
    expect(await ask('-x', '10.96.0.77')).toBe('NXDOMAIN');
    expect([...site.asked]).toEqual([]);
    await ask('-x', '10.97.0.77'); // somebody else's subnet
    expect([...site.asked]).toEqual(['77.0.97.10.in-addr.arpa']);
  });

  test('is nothing from an isolated network', async () => {
    await up('', "<domain name='lab.example'/><dns><host ip='10.96.0.5'><hostname>five</hostname></host></dns>");
    expect(await ask('five.lab.example')).toBe('NOERROR 10.96.0.5');
    expect(await ask('www.example.org')).toBe('REFUSED');
    expect([...site.asked]).toEqual([]);
  });
});

describe('a forwarder', () => {
  test('of a domain is asked for its names alone, and one without an address stands for the host’s resolvers', async () => {
    const forwarders = `<forwarder domain='corp.example' addr='${corp.address}'/><forwarder domain='open.corp.example'/>`;
    await up(NAT, `<dns>${forwarders}</dns>`);
    expect(await ask('www.corp.example')).toBe(FROM_CORP);
    expect(await ask('www.open.corp.example')).toBe(FROM_SITE);
    expect(await ask('www.example.org')).toBe(FROM_SITE);
    expect([[...corp.asked], [...site.asked]]).toEqual([['www.corp.example'], ['www.open.corp.example', 'www.example.org']]);
  });

  test('of reverse names is asked for those of the network too', async () => {
    await up(NAT, `<dns><forwarder domain='10.in-addr.arpa' addr='${corp.address}'/></dns>`, "address='10.96.0.1' prefix='20'");
    await ask('-x', '10.96.3.77');
    expect([[...corp.asked], [...site.asked]]).toEqual([['77.3.96.10.in-addr.arpa'], []]);
  });

  test('for everything takes the place of the host’s resolvers', async () => {
    await up(NAT, `<dns><forwarder addr='${corp.address}'/></dns>`);
    expect(await ask('www.example.org')).toBe(FROM_CORP);
    expect([...site.asked]).toEqual([]);
  });
});

test('without DNS nobody answers at the bridge, and addresses are given all the same', async () => {
  await up(
    NAT,
    "<dns enable='no'/>",
    "address='10.96.0.1' prefix='24'><dhcp><range start='10.96.0.9' end='10.96.0.9'/></dhcp></ip><ip address='10.96.1.1' prefix='24'",
  );
  await expect(ask('www.example.org')).rejects.toThrow();
  expect(sh("ip netns exec g sh -c 'ip address flush dev eth0; udhcpc -i eth0 -n -q -f -t 10 -T 1 -s /bin/true 2>&1'")).toContain(
    'lease of 10.96.0.9',
  );
  expect(
    sh('ss -Hlnu sport = :53')
      .split('\n')
      .filter((line) => line.includes('10.96.')),
  ).toEqual([]);
});

describe('a host whose resolver is the network itself', () => {
  test('does not make dnsmasq ask itself', async () => {
    resolvConf('10.96.0.1');
    await up(NAT, '');
    expect(await ask('www.example.org')).toBe('REFUSED');
    resolvConf('10.96.0.1', site.address);
    await driver.repair('names');
    expect(await ask('www.example.net')).toBe(FROM_SITE);
    expect([...site.asked]).toEqual(['www.example.net']);
  });

  test('is found out when the bridge gets its address after the resolver was written, and when the network is renumbered', async () => {
    resolvConf('10.96.9.1', site.address);
    await up(NAT, '');
    expect(await ask('www.example.org')).toBe(FROM_SITE);
    const xml = await driver.xml('names', { inactive: true });
    await driver.up([xml.replace(/10\.96\.0\.1/, '10.96.9.1')]);
    sh('ip -n g addr add 10.96.9.9/24 dev eth0');
    const text = await dig('+short @10.96.9.1 www.example.net');
    expect(text).toBe('127.0.0.153\n');
  });
});

// An open resolver makes a host part of attacks on others: CVE-2012-3411 of libvirt, by way of dnsmasq.
test('nobody outside is answered, nor a guest of another network, at any address of the host and by UDP or TCP', async () => {
  sh(`ip netns add outside; ip link add up0 type veth peer name eth0 netns outside; ip addr add 203.0.113.1/24 dev up0; ip link set up0 up
    ip -n outside addr add 203.0.113.2/24 dev eth0; ip -n outside link set eth0 up; ip -n outside route add default via 203.0.113.1`);
  const records = '<dns><host ip="10.96.0.5"><hostname>five</hostname></host></dns>';
  await up("<forward mode='route'/>", records, "address='10.96.0.1' prefix='24' localPtr='no'");
  await driver.up([
    `<network><name>other</name><forward mode='nat'/><bridge name='virbr97' stp='off'/><ip address='10.97.0.1' prefix='24'/></network>`,
  ]);
  sh('ip netns add h');
  await driver.attach('other', { owner: { name: 'h' }, attachment: { type: 'netns', netns: 'h' } });
  sh('ip -n h addr add 10.97.0.9/24 dev eth0; ip -n h link set eth0 up; ip -n h route add default via 10.97.0.1');
  const answered = async (netns: string, server: string, more: string): Promise<boolean> => {
    const question = `ip netns exec ${netns} dig +short +tries=1 +time=2 ${more} @${server} five`;
    const { stdout } = await promisify(execFile)('sh', ['-c', `${question} || true`]);
    return stdout.includes('10.96.0.5');
  };
  expect([await answered('g', '10.96.0.1', ''), await answered('g', '10.96.0.1', '+tcp')]).toEqual([true, true]);
  for (const [netns, reached] of [
    ['outside', '203.0.113.1'],
    ['h', '10.97.0.1'],
  ] as const) {
    sh(`ip netns exec ${netns} ping -q -c 1 -w 20 ${reached}`);
    for (const server of ['10.96.0.1', '203.0.113.1', '10.97.0.1'])
      for (const more of ['', '+tcp']) {
        if (netns === 'h' && server === '10.97.0.1') continue; // its own, which knows no such name
        expect(await answered(netns, server, more), `${netns} asks ${server} ${more}`).toBe(false);
      }
  }
  expect([...site.asked]).toEqual([]);
  await driver.detach('other', 'h');
  await driver.stop('other');
  await driver.undefine('other');
  sh('ip netns del h; ip netns del outside');
});
