import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';

const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
const driver = await openDriver();
const SCRIPT = '/run/tmp/udhcpc.sh';
const MAC = '52:54:00:95:00:01';

beforeAll(() => {
  // udhcpc gives its script what the server told it, each option as a variable.
  writeFileSync(SCRIPT, '#!/bin/sh\n[ "$1" = bound ] && env >/run/tmp/told\nexit 0\n', { mode: 0o755 });
  sh('ip netns add g');
});
afterEach(down);
afterAll(() => driver[Symbol.asyncDispose]());

async function down(): Promise<void> {
  await driver.detach('services', 'g');
  await driver.stop('services');
  await driver.undefine('services');
}

/** Runs a network with a guest plugged in, whose eth0 is up; the one that ran before has ended. */
async function up(mode: string, rest: string): Promise<void> {
  if ((await driver.list()).length > 0) await down();
  await driver.up([`<network><name>services</name>${mode}<bridge name='virbr95' stp='off'/>${rest}</network>`]);
  await driver.attach('services', { mac: MAC, owner: { name: 'g' }, attachment: { type: 'netns', netns: 'g' } });
  sh(
    'ip -n g link set eth0 up; for i in $(seq 100); do ip -n g -6 addr show dev eth0 scope link -tentative | grep -q fe80 && break; sleep 0.05; done',
  );
}

/** What a DHCPv4 client is told; `words` are more words for udhcpc. */
function told(words = ''): Readonly<Record<string, string>> {
  sh(`rm -f /run/tmp/told; ip netns exec g udhcpc -i eth0 -n -q -f -t 10 -T 1 -O mtu -s ${SCRIPT} ${words} 2>&1`);
  const lines = sh('cat /run/tmp/told').trim().split('\n');
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

const v4 = (dhcp: string): string => `<ip address='10.95.0.1' prefix='24'><dhcp>${dhcp}</dhcp></ip>`;
const NAT = "<forward mode='nat'/>";

describe('a DHCPv4 client', () => {
  test('is told router, resolver, domain, MTU and lease time', async () => {
    await up(
      NAT,
      `<mtu size='1400'/><domain name='lab.example'/>${v4("<range start='10.95.0.10' end='10.95.0.10'><lease expiry='7' unit='minutes'/></range>")}`,
    );
    expect(told()).toMatchObject({
      ip: '10.95.0.10',
      subnet: '255.255.255.0',
      router: '10.95.0.1',
      dns: '10.95.0.1',
      domain: 'lab.example',
      mtu: '1400',
      lease: '420',
      broadcast: '10.95.0.255',
    });
  });

  test('of an isolated network is told no router', async () => {
    await up('', v4("<range start='10.95.0.10' end='10.95.0.10'/>"));
    const given = told();
    expect(given).toMatchObject({ ip: '10.95.0.10', dns: '10.95.0.1' });
    expect(given).not.toHaveProperty('router');
  });

  test('has the lease time of its range, of several, in seconds and without end', async () => {
    const range = (n: number, lease: string): string =>
      `<range start='10.95.0.${String(n)}' end='10.95.0.${String(n)}'><lease ${lease}/></range>`;
    await up(NAT, v4(range(20, "expiry='130' unit='seconds'") + range(30, "expiry='0'") + range(40, "expiry='3' unit='hours'")));
    const seen = [1, 2, 3].map((n) => told(`-x 0x3d:0000000${String(n)}`)).map(({ ip = '', lease = '' }) => ({ ip, lease }));
    expect(seen.toSorted((a, b) => a.ip.localeCompare(b.ip))).toEqual([
      { ip: '10.95.0.20', lease: '130' },
      { ip: '10.95.0.30', lease: '4294967295' },
      { ip: '10.95.0.40', lease: '10800' },
    ]);
  });

  test('of a fixed address has the lease time of its host, and is told what to boot and from whom', async () => {
    const host = (lease: string): string => `<host mac='${MAC}' ip='10.95.0.33'><lease ${lease}/></host>`;
    const range = "<range start='10.95.0.10' end='10.95.0.12'><lease expiry='1' unit='hours'/></range>";
    await up(NAT, v4(`${range}${host("expiry='150' unit='seconds'")}<bootp file='pxe linux.0' server='10.95.0.9'/>`));
    expect(told('-O bootfile -O tftp')).toMatchObject({ ip: '10.95.0.33', lease: '150', boot_file: 'pxe linux.0', siaddr: '10.95.0.9' });
    await up(NAT, v4(`${range}${host("expiry='0'")}<bootp file='pxelinux.0'/>`));
    expect(told()).toMatchObject({ ip: '10.95.0.33', lease: '4294967295', boot_file: 'pxelinux.0', siaddr: '10.95.0.1' });
  });

  test('is told what the document has for dnsmasq itself, and the network counts as tainted', async () => {
    const options = ['dhcp-option=option:ntp-server,10.95.0.7', 'address=/foo.example/10.9.9.9'];
    const lines = options.map((value) => `<dnsmasq:option value='${value}'/>`).join('');
    const element = `<dnsmasq:options xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'>${lines}</dnsmasq:options>`;
    await up(NAT, `${v4("<range start='10.95.0.10' end='10.95.0.12'/>")}${element}`);
    expect(told('-O ntpsrv')).toMatchObject({ ntpsrv: '10.95.0.7' });
    expect(sh('dig +short @10.95.0.1 foo.example')).toBe('10.9.9.9\n');
    expect(sh('bin/virtnet show services')).toContain('! tainted: 2 lines of the document go to dnsmasq unread (dnsmasq:options)');
  });

  test('that nobody has reserved an address for gets none where there is no range', async () => {
    await up(NAT, v4(`<host mac='${MAC}' name='known' ip='10.95.0.21'/>`));
    expect(told()).toMatchObject({ ip: '10.95.0.21', hostname: 'known' });
    await driver.detach('services', 'g');
    await driver.attach('services', { mac: '52:54:00:95:00:02', owner: { name: 'g' }, attachment: { type: 'netns', netns: 'g' } });
    sh('ip -n g link set eth0 up');
    expect(sh(`ip netns exec g udhcpc -i eth0 -n -q -f -t 3 -T 1 -s /bin/true 2>&1 || true`)).toContain('no lease, failing');
  });

  test('is known by its MAC and by its name', async () => {
    const hosts = `<host mac='${MAC}' name='bymac' ip='10.95.0.21'/><host name='byname' ip='10.95.0.23'/>`;
    await up(NAT, `<domain name='lab.example'/>${v4(`<range start='10.95.0.10' end='10.95.0.12'/>${hosts}`)}`);
    expect(told()).toMatchObject({ ip: '10.95.0.21', hostname: 'bymac' });
    await driver.detach('services', 'g');
    await driver.attach('services', { mac: '52:54:00:95:00:02', owner: { name: 'g' }, attachment: { type: 'netns', netns: 'g' } });
    sh('ip -n g link set eth0 up');
    expect(told('-x hostname:byname')).toMatchObject({ ip: '10.95.0.23' });
    expect(sh('dig +short @10.95.0.1 byname.lab.example; dig +short @10.95.0.1 -x 10.95.0.23')).toBe('10.95.0.23\nbyname.lab.example.\n');
  });

  test('is known by its client id, whatever its MAC, and a host with an id is nobody’s by its name alone', async () => {
    const hosts = "<host id='01:02:03:04' name='byid' ip='10.95.0.31'/><host mac='52:54:00:95:00:99' id='ff:05' ip='10.95.0.32'/>";
    await up(NAT, v4(`<range start='10.95.0.10' end='10.95.0.12'/>${hosts}`));
    expect(told('-x hostname:byid').ip).toMatch(/^10\.95\.0\.1[012]$/);
    expect(told('-x 0x3d:01020304')).toMatchObject({ ip: '10.95.0.31', hostname: 'byid' });
    expect(told('-x 0x3d:ff05')).toMatchObject({ ip: '10.95.0.32' });
    await driver.detach('services', 'g');
    await driver.attach('services', { mac: '52:54:00:95:00:99', owner: { name: 'g' }, attachment: { type: 'netns', netns: 'g' } });
    sh('ip -n g link set eth0 up');
    expect(told()).toMatchObject({ ip: '10.95.0.32' });
  });
});

test('a TFTP client gets files from the folder by either family, and none from elsewhere', async () => {
  sh('mkdir -p /run/tmp/tftp; echo hello >/run/tmp/tftp/file; echo secret >/run/tmp/other; chmod -R a+rX /run/tmp/tftp /run/tmp/other');
  await up(NAT, `<ip address='10.95.0.1' prefix='24'><tftp root='/run/tmp/tftp'/></ip>${v6()}`);
  sh('ip -n g addr add 10.95.0.50/24 dev eth0; ip -n g addr add fd95::50/64 dev eth0 nodad');
  const get = (from: string, file: string): string =>
    sh(
      `rm -f /run/tmp/got; ip netns exec g timeout 10 busybox tftp -g -r ${file} -l /run/tmp/got ${from} 2>/dev/null; cat /run/tmp/got 2>&1 || true`,
    );
  expect([get('10.95.0.1', 'file'), get('fd95::1', 'file')]).toEqual(['hello\n', 'hello\n']);
  for (const file of ['../other', '/run/tmp/other']) expect(get('10.95.0.1', file)).not.toContain('secret');
});

test('clients fill a range, and show warns once four of five addresses are leased, and all', async () => {
  await up(NAT, v4("<range start='10.95.0.10' end='10.95.0.14'/>"));
  const warned = (): string | undefined => /is (filling up|nearly exhausted): \d of 5/.exec(sh('bin/virtnet show services'))?.[0];
  const lease = async (n: number): Promise<void> => {
    told(`-x 0x3d:0000000${String(n)}`);
    await expect.poll(() => driver.leases('services'), { timeout: 20_000 }).toHaveLength(n);
  };
  for (const n of [1, 2, 3]) await lease(n);
  expect(warned()).toBeUndefined();
  await lease(4);
  expect(warned()).toBe('is filling up: 4 of 5');
  await lease(5);
  expect(warned()).toBe('is nearly exhausted: 5 of 5');
});

/** What rdisc6 is told by the routers on the guest's link. */
const advertised = (): string => sh('ip netns exec g rdisc6 -1 -r 10 -w 1000 eth0 2>&1 || true');
const flag = (text: string, name: string): string => new RegExp(`${name}\\s*:\\s+(\\w+)`).exec(text)?.[1] ?? 'absent';
const v6 = (dhcp = ''): string => `<ip family='ipv6' address='fd95::1' prefix='64'>${dhcp}</ip>`;

describe('a router advertisement', () => {
  test.each([
    ['without DHCPv6', NAT, v6(), { managed: 'No', other: 'No', autonomous: 'Yes', router: '1800' }],
    [
      'with DHCPv6',
      NAT,
      v6("<dhcp><range start='fd95::10' end='fd95::20'/></dhcp>"),
      { managed: 'Yes', other: 'Yes', autonomous: 'No', router: '1800' },
    ],
    ['of an isolated network', '', v6(), { managed: 'No', other: 'No', autonomous: 'Yes', router: '0' }],
  ] as const)('%s has the flags of its kind, and the prefix is on the link', async (_what, mode, ip, flags) => {
    await up(mode, ip);
    const text = advertised();
    expect(
      {
        managed: flag(text, 'Stateful address conf\\.'),
        other: flag(text, 'Stateful other conf\\.'),
        autonomous: flag(text, 'Autonomous address conf\\.'),
        router: flag(text, 'Router lifetime'),
      },
      text,
    ).toEqual(flags);
    expect(flag(text, 'On-link')).toBe('Yes');
    expect(text).toMatch(/Prefix\s*:\s+fd95::\/64/);
  });
});

test('a DHCPv6 client is known by its id', async () => {
  // perfdhcp makes a DUID-LLT (RFC 8415, 11.2) out of a MAC: its time is not ours to choose, so the first lease tells the id.
  const range = "<range start='fd95::10' end='fd95::20'/>";
  const ask = (): string =>
    sh('ip netns exec g perfdhcp -6 -l eth0 -b duid=0001000112345678020000000001 -R 1 -n 1 -r 1 -W 2000000 all 2>&1 || true');
  const ips = async (): Promise<readonly string[]> => {
    for (let i = 0; i < 100 && (await driver.leases('services')).length === 0; i++) await sleep(20);
    return (await driver.leases('services')).map((l) => l.ip);
  };
  const host = "<host id='00:01:00:01:12:34:56:78:02:00:00:00:00:01' name='six' ip='fd95::99'/>";
  await up(NAT, `<domain name='lab.example'/>${v6(`<dhcp>${range}${host}</dhcp>`)}`);
  ask();
  expect(await ips()).toEqual(['fd95::99']);
  expect(sh('dig +short @fd95::1 AAAA six.lab.example').trim()).toBe('fd95::99');
});

describe('a DHCPv6 client', () => {
  const client = (duid: string, name = ''): string =>
    sh(`ip netns exec g perl ${join(import.meta.dirname, '../support/dhcp6-client.pl')} eth0 ${duid} ${name}`).trim();

  test('is known by its name', async () => {
    const dhcp = "<dhcp><range start='fd95::10' end='fd95::1f'/><host name='byname' ip='fd95::98'/></dhcp>";
    await up(NAT, `<domain name='lab.example'/>${v6(dhcp)}`);
    expect(client('000300015254009500aa')).toMatch(/^fd95::1[0-9a-f]$/);
    expect(client('000300015254009500ab', 'byname')).toBe('fd95::98');
    expect(sh('dig +short @fd95::1 AAAA byname.lab.example; dig +short @fd95::1 -x fd95::98')).toBe('fd95::98\nbyname.lab.example.\n');
  });

  test('has the lease time of its range or of its host; where there is no range, only the hosts get addresses', async () => {
    const host = "<host id='00:03:00:01:52:54:00:95:00:ab' ip='fd95::77'><lease expiry='5' unit='minutes'/></host>";
    await up(NAT, v6(`<dhcp><range start='fd95::10' end='fd95::1f'><lease expiry='2' unit='hours'/></range>${host}</dhcp>`));
    expect([client('000300015254009500aa'), client('000300015254009500ab')]).toEqual([expect.stringMatching(/^fd95::1/), 'fd95::77']);
    const left = async (): Promise<readonly number[]> =>
      (await driver.leases('services')).map(({ expiry }) => Math.ceil((expiry - Date.now() / 1000) / 60)).toSorted((a, b) => a - b);
    await expect.poll(left, { timeout: 20_000 }).toEqual([5, 120]);
    await up(NAT, v6(`<dhcp>${host}</dhcp>`));
    expect([client('000300015254009500aa'), client('000300015254009500ab')]).toEqual(['none', 'fd95::77']);
  });

  test('gets an address of any of several ranges', async () => {
    const range = (n: string): string => `<range start='fd95::${n}' end='fd95::${n}'/>`;
    await up(NAT, v6(`<dhcp>${range('a1')}${range('b2')}</dhcp>`));
    expect([1, 2, 3].map((n) => client(`00030001525400950${String(n)}00`)).toSorted()).toEqual(['fd95::a1', 'fd95::b2', 'none']);
  });
});
