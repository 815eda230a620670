import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { facts, ip4, ip6, network, UUID } from '../../test/support/network.ts';
import type { Network } from '../network/network.ts';
import { complete } from './complete.ts';
import { compileDnsmasq } from './dnsmasq.ts';
import { dnsmasqFiles } from './dnsmasq-files.ts';
import { Report } from './report.ts';

const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin`;
const folder = mkdtempSync(join(tmpdir(), 'virtnet-dnsmasq-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});
const hasDnsmasq = spawnSync('dnsmasq', ['--version'], { env: { PATH } }).status === 0;
const paths = { runDir: folder, stateDir: folder, leaseScript: '/bin/true' };

function compile(net: Network) {
  const report = new Report();
  const dnsmasq = compileDnsmasq(complete(net), 'virbr0', paths, report);
  return { dnsmasq, codes: report.diagnostics.map((d) => d.code), paths: report.diagnostics.map((d) => d.path) };
}
/** The option lines of the conf, without its comment and with the folder cut off. */
const conf = (net: Network): string[] =>
  (compile(net).dnsmasq?.conf ?? '')
    .replaceAll(`${folder}/dnsmasq/${UUID}`, '')
    .trimEnd()
    .split('\n')
    .filter((line) => !line.startsWith('#'));
/** Lines that a network has and a bare one of the same mode has not. */
function extra(mode: 'nat' | 'none' | 'route', rest: Partial<Network>): string[] {
  const bare = new Set(conf(network(mode, { ips: [ip4] })));
  return conf(network(mode, { ips: [ip4], ...rest })).filter((line) => !bare.has(line));
}
const dns = (rest: Partial<NonNullable<Network['dns']>>) => ({ dns: { forwarders: [], txts: [], srvs: [], hosts: [], ...rest } });
const dhcp = (rest: object) => ({ ranges: [], hosts: [], ...rest });

describe('the dnsmasq of a network', () => {
  it('listens on its bridge alone and asks the resolvers of a file of ours', () => {
    expect(conf(network('nat', { ips: [ip4] }))).toEqual([
      'strict-order',
      'no-resolv',
      'servers-file=/servers',
      'local=/122.168.192.in-addr.arpa/',
      'pid-file=/pid',
      'except-interface=lo',
      'bind-dynamic',
      'interface=virbr0',
      'addn-hosts=/addnhosts',
    ]);
  });

  it('is not there without an address or without anything to serve', () => {
    expect(compile(network('none')).dnsmasq).toBeUndefined();
    expect(compile(network('nat', { ips: [ip4, ip6], ...dns({ enable: false }) })).dnsmasq).toBeUndefined();
    expect(compile(network('nat', { ips: [{ ...ip4, tftpRoot: '/srv' }], ...dns({ enable: false }) })).dnsmasq?.conf).toContain('port=0\n');
  });

  it('gives an isolated network no router and no way to other resolvers', () => {
    const lines = conf(network('none', { ips: [ip4] }));
    expect(lines).toEqual(expect.arrayContaining(['dhcp-option=3', 'ra-param=*,0,0', 'no-resolv']));
    expect(lines.join()).not.toContain('servers-file');
  });

  it('writes the records of the document', () => {
    expect(
      extra('nat', {
        domain: { name: 'lab.example', localOnly: true },
        ...dns({
          forwardPlainNames: false,
          forwarders: [{ addr: '9.9.9.9' }, { domain: 'corp', addr: '10.0.0.1' }, { domain: 'x.org' }],
          txts: [{ name: 'a', value: 'one,two "b # c" # d' }],
          srvs: [
            { service: 'name', protocol: 'tcp', domain: 'd', target: '.', port: 1024, priority: 10, weight: 10 },
            { service: 'sip', protocol: 'udp', target: 't', weight: 7 },
            { service: 'www', protocol: 'tcp', target: 't', port: 80 },
          ],
        }),
      }),
    ).toEqual([
      'server=9.9.9.9',
      'server=/corp/10.0.0.1',
      'server=/x.org/#',
      'local=/lab.example/',
      'domain=lab.example',
      'expand-hosts',
      'domain-needed',
      'local=//',
      'txt-record=a,one,two "b # c" "#" d',
      'srv-host=_name._tcp.d',
      'srv-host=_sip._udp,t,1,0,7',
      'srv-host=_www._tcp,t,80',
    ]);
  });

  it('answers reverse names of a private subnet behind NAT, whatever its prefix, but for those that have a forwarder', () => {
    const zones = (address: string, prefix: number, domains: readonly string[] = []): readonly string[] => {
      const forwarders = domains.map((domain) => ({ domain, addr: '9.9.9.9' }));
      const family = address.includes(':') ? ('ipv6' as const) : ('ipv4' as const);
      const forward = { ...network('nat').forward, nat: { ipv6: true } };
      const lines = conf(network('nat', { forward, ips: [{ family, address, prefix }], ...dns({ forwarders }) }));
      return lines.flatMap((line) => /^local=\/(.*)\.arpa\/$/.exec(line)?.[1] ?? []);
    };
    expect(zones('10.97.6.1', 22)).toEqual(['4.97.10.in-addr', '5.97.10.in-addr', '6.97.10.in-addr', '7.97.10.in-addr']);
    expect(zones('10.97.0.9', 30)).toEqual(['8.0.97.10.in-addr', '9.0.97.10.in-addr', '10.0.97.10.in-addr', '11.0.97.10.in-addr']);
    expect(zones('10.97.1.1', 17).length).toBe(128);
    expect(zones('fd00:0:0:12::1', 63)).toEqual(['2.1.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6', '3.1.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6']);
    expect(zones('10.97.6.1', 23, ['6.97.10.in-addr.arpa', '8.0.0.0.in-addr.arpa'])).toEqual(['7.97.10.in-addr']);
    expect(zones('10.97.6.1', 24, ['10.IN-ADDR.arpa'])).toEqual([]);
    expect(zones('10.97.110.1', 24, ['0.in-addr.arpa'])).toEqual(['110.97.10.in-addr']);
  });

  it('serves addresses by range, by host and by both', () => {
    const lease = (expiry: number, unit: 'seconds' | 'minutes' | 'hours') => ({ expiry, unit });
    const ranges = [
      { start: '192.168.122.10', end: '192.168.122.19', lease: lease(5, 'minutes') },
      { start: '192.168.122.30', end: '192.168.122.30', lease: lease(0, 'hours') },
    ];
    const hosts = [
      { mac: '52:54:00:11:22:33', name: 'a', ip: '192.168.122.50', lease: lease(300, 'seconds') },
      { name: 'b', ip: '192.168.122.51' },
    ];
    const bootp = { file: 'pxe linux.0', server: '192.168.122.9' };
    const net = network('nat', { ips: [{ ...ip4, dhcp: dhcp({ ranges, hosts, bootp }) }], mtu: 9000 });
    expect(conf(net).slice(8)).toEqual([
      'dhcp-range=192.168.122.10,192.168.122.19,255.255.255.0,5m',
      'dhcp-range=192.168.122.30,192.168.122.30,255.255.255.0,infinite',
      'dhcp-no-override',
      'dhcp-authoritative',
      'no-ping',
      'dhcp-boot="pxe linux.0",,192.168.122.9',
      'dhcp-lease-max=256',
      'dhcp-hostsfile=/hosts',
      'leasefile-ro',
      'dhcp-script=/bin/true',
      'addn-hosts=/addnhosts',
      'dhcp-option=option:mtu,9000',
    ]);
    expect(compile(net).dnsmasq?.hosts).toBe('52:54:00:11:22:33,192.168.122.50,a,300s\nb,192.168.122.51\n');
    expect(extra('nat', { ips: [{ ...ip4, dhcp: dhcp({ hosts }) }] })).toContain('dhcp-range=192.168.122.1,static');
  });

  it('knows an IPv4 host by its client id too', () => {
    const hosts = [
      { mac: '52:54:00:11:22:33', id: '01:02', name: 'a', ip: '192.168.122.50' },
      { id: '01:03', name: 'b', ip: '192.168.122.51' },
    ];
    const net = network('nat', { ips: [{ ...ip4, dhcp: dhcp({ hosts }) }] });
    expect(compile(net).dnsmasq?.hosts).toBe('52:54:00:11:22:33,id:01:02,192.168.122.50,a\nid:01:03,192.168.122.51,b\n');
  });

  it('needs no restart for a fixed host more', () => {
    const host = (n: number) => ({ mac: `52:54:00:11:22:0${String(n)}`, ip: `192.168.122.5${String(n)}` });
    const withHosts = (hosts: readonly ReturnType<typeof host>[]) =>
      compile(network('nat', { ips: [{ ...ip4, dhcp: dhcp({ ranges: [{ start: '192.168.122.10', end: '192.168.122.19' }], hosts }) }] }));
    const [none, one, two] = [withHosts([]), withHosts([host(1)]), withHosts([host(1), host(2)])];
    expect([one.dnsmasq?.conf, two.dnsmasq?.conf]).toEqual([none.dnsmasq?.conf, none.dnsmasq?.conf]);
    expect(two.dnsmasq?.hosts).not.toBe(one.dnsmasq?.hosts);
  });

  it('announces IPv6 prefixes by DHCPv6 ranges or by themselves', () => {
    expect(extra('route', { ips: [ip4, ip6] })).toEqual(['dhcp-range=2001:db8:1::1,ra-only']);
    const hosts = [
      { id: '0:1', name: 'n', ip: '2001:db8:1::9' },
      { name: 'm', ip: '2001:db8:1::a' },
    ];
    const ranges = [{ start: '2001:db8:1::10', end: '2001:db8:1::1f' }];
    const both = network('route', { ips: [{ ...ip6, dhcp: dhcp({ hosts, ranges }) }] });
    expect(conf(both)).toEqual(
      expect.arrayContaining(['dhcp-range=2001:db8:1::10,2001:db8:1::1f,64', 'dhcp-lease-max=2147483647', 'enable-ra']),
    );
    expect(compile(both).dnsmasq?.hosts).toBe('id:0:1,n,[2001:db8:1::9]\nm,[2001:db8:1::a]\n');
    expect(conf(network('route', { ips: [{ ...ip6, dhcp: dhcp({ hosts }) }] }))).toContain('dhcp-range=2001:db8:1::1,static,64');
  });

  it('writes host records and passes options on, last', () => {
    const net = network('nat', {
      ips: [ip4],
      dnsmasqOptions: ['log-queries', ''],
      ...dns({ hosts: [{ ip: '192.168.122.2', hostnames: ['a', 'b.c'] }] }),
    });
    expect(compile(net).dnsmasq?.addnHosts).toBe('192.168.122.2\ta\tb.c\n');
    expect(compile(net).dnsmasq?.conf.endsWith('\nlog-queries\n\n')).toBe(true);
  });

  it('refuses what a line cannot carry, at its place in the document', () => {
    const refused = (rest: Partial<Network>) => {
      const { codes, paths } = compile(network('nat', { ips: [ip4], ...rest }));
      return codes.map((code, i) => `${code} ${paths[i] ?? ''}`);
    };
    const txt = (value: string) => dns({ txts: [{ name: 'a', value }] });
    expect(refused(txt('x\ndhcp-script=/bin/sh'))).toEqual(['VNC008 /network/dns/txt[1]']);
    expect(refused(txt(`${'x'.repeat(1030)}`))).toEqual(['VNC008 /network/dns/txt[1]']);
    expect(refused({ domain: { name: 'a\nport=53' } })).toEqual(['VNC008 /network/domain/@name']);
    expect(refused({ domain: { name: 'a/1.2.3.4', localOnly: true } })).toEqual(['VNC008 /network/domain/@name']);
    expect(refused({ domain: { name: '\u00fc b' } })).toEqual(['VNC008 /network/domain/@name']);
    expect(refused({ dnsmasqOptions: ['a\nb'] })).toEqual(['VNC008 /network/dnsmasq:options/dnsmasq:option[1]/@value']);
    expect(refused(dns({ hosts: [{ ip: '1.2.3.4', hostnames: ['a b', 'c'] }] }))).toEqual(['VNC008 /network/dns/host[1]/hostname[1]']);
    expect(refused(dns({ hosts: [{ ip: '1.2.3.4', hostnames: ['*.apps', 'a+b', 'a#'] }] }))).toEqual([
      'VNC008 /network/dns/host[1]/hostname[3]',
    ]);
    for (const name of ['a,b', 'a b', 'ignore', '1h', 'set:x', 'x\ny', 'a#']) {
      const hosts = [{ name, ip: '192.168.122.9' }];
      expect(refused({ ips: [{ ...ip4, dhcp: dhcp({ hosts }) }] })).toEqual(['VNC008 /network/ip[1]/dhcp/host[1]/@name']);
    }
    // dnsmasq's own words for many domains; a forwarder may have them.
    for (const name of ['*.corp', '#']) expect(refused({ domain: { name, localOnly: true } })).toEqual(['VNC008 /network/domain/@name']);
    expect(refused(dns({ forwarders: [{ domain: '*.corp', addr: '10.0.0.1' }] }))).toEqual([]);
    const long = 'x'.repeat(64);
    expect(refused({ domain: { name: `${long}.example` } })).toEqual(['VNC008 /network/domain/@name']);
    expect(refused(dns({ forwarders: [{ domain: long, addr: '10.0.0.1' }] }))).toEqual(['VNC008 /network/dns/forwarder[1]/@domain']);
    expect(refused(dns({ txts: [{ name: `a.${long}`, value: 'x' }] }))).toEqual(['VNC008 /network/dns/txt[1]/@name']);
    expect(refused(dns({ txts: [{ name: '\u00fc', value: 'x' }] }))).toEqual(['VNC008 /network/dns/txt[1]/@name']);
    expect(refused(dns({ srvs: [{ service: 'a', protocol: 'tcp', target: long }] }))).toEqual(['VNC008 /network/dns/srv[1]/@target']);
    expect(refused({ ips: [{ ...ip4, dhcp: dhcp({ hosts: [{ name: long, ip: '192.168.122.9' }] }) }] })).toEqual([
      'VNC008 /network/ip[1]/dhcp/host[1]/@name',
    ]);
    expect(refused({ ips: [{ ...ip4, tftpRoot: '/a\u0000b' }] })).toEqual(['VNC008 /network/ip[1]/tftp/@root']);
  });
});

describe.skipIf(!hasDnsmasq)('dnsmasq itself', () => {
  /** Its verdict on the files of a network. */
  function verdict(net: Network): string {
    const { dnsmasq } = compile(net);
    const files = dnsmasqFiles(paths, UUID);
    mkdirSync(files.folder, { recursive: true });
    mkdirSync(dirname(files.leases), { recursive: true });
    writeFileSync(files.conf, dnsmasq?.conf ?? '');
    writeFileSync(files.hosts, dnsmasq?.hosts ?? '');
    writeFileSync(files.addnHosts, dnsmasq?.addnHosts ?? '');
    writeFileSync(files.servers, '');
    const done = spawnSync('dnsmasq', ['--test', `--conf-file=${files.conf}`], { env: { PATH }, encoding: 'utf8' });
    return done.stderr.trim();
  }

  it('takes every kind of line that is written', () => {
    const full = network('nat', {
      ips: [
        {
          ...ip4,
          tftpRoot: '/srv/a "b" \\c',
          dhcp: dhcp({
            ranges: [{ start: '192.168.122.10', end: '192.168.122.19', lease: { expiry: 2, unit: 'hours' } }],
            hosts: [{ mac: '52:54:00:11:22:33', name: 'a', ip: '192.168.122.50' }],
            bootp: { file: 'a,b', server: '192.168.122.9' },
          }),
        },
        { ...ip6, dhcp: dhcp({ hosts: [{ id: '0:1', name: 'n', ip: '2001:db8:1::9' }] }) },
      ],
      domain: { name: 'lab.example', localOnly: true },
      mtu: 1400,
      dnsmasqOptions: ['log-queries'],
      ...dns({
        forwardPlainNames: false,
        forwarders: [{ domain: 'corp', addr: '10.0.0.1' }, { domain: 'x.org' }, { addr: '2001:db8::53' }],
        txts: [
          { name: 'a', value: 'unbalanced " quote, \\ and tab\t#' },
          { name: 'b', value: '' },
        ],
        srvs: [{ service: 'a b', protocol: 'tcp', target: 't.example', port: 1, weight: 2 }],
        hosts: [{ ip: '2001:db8::1', hostnames: ['h'] }],
      }),
    });
    expect(verdict(full)).toBe('dnsmasq: syntax check OK.');
    expect(verdict(network('none', { ips: [ip4, ip6] }))).toBe('dnsmasq: syntax check OK.');
  });

  it.each(['web+db', 'my net', 'a,b', 'a:b', 'q"q\\', '(#1)', "it's"])(
    'takes the domain %s, which virt-manager makes of such a name',
    (name) => {
      const conf = network('nat', { ips: [ip4], domain: { name, localOnly: true } });
      expect(compile(conf).codes).toEqual([]);
      expect(verdict(conf)).toBe('dnsmasq: syntax check OK.');
    },
  );

  it('would refuse a bad option, so its word is worth something', () => {
    expect(verdict(network('nat', { ips: [ip4], dnsmasqOptions: ['no-such-option'] }))).toContain('bad option at line');
  });
});

describe('paths', () => {
  it('hold nothing of the document but its uuid', () => {
    const { dnsmasq } = compile(network('nat', { ips: [ip4], name: '../../etc/$(x)' }));
    expect(dnsmasq?.conf).not.toContain('etc');
    expect(dnsmasqFiles(facts().paths, UUID).leases).toBe(`/var/lib/virtnet/leases/${UUID}.log`);
  });
});
