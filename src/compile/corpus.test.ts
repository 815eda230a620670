import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { facts } from '../../test/support/network.ts';
import { completeNetwork } from '../network/complete.ts';
import { isManaged, type Network } from '../network/network.ts';
import { readNetwork } from '../network/read.ts';
import { compileNetwork } from './compile.ts';
import { FORWARDED } from './firewall-base.ts';
import type { DnsmasqResource, FirewallResource, Resource, ShapingResource } from './host-state.ts';

/** What a real libvirt 11.3 wrote for the networks it started; the folder is no part of this project. */
const CORPUS = '../shared/corpus/visible/valid';
const has = existsSync(CORPUS);
if (!has) console.log(`corpus tests skipped: ${CORPUS} is not there`);

interface Entry {
  readonly started: boolean;
  readonly startError?: { readonly code: number; readonly message: string };
}
const index = has ? (JSON.parse(readFileSync(`${CORPUS}/index.json`, 'utf8')) as Record<string, Entry>) : {};
const file = (name: string, ending: string): string | undefined => {
  const path = `${CORPUS}/${name.replace(/\.xml$/, '')}.${ending}`;
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
};
const names = has ? readdirSync(CORPUS).filter((name) => name.endsWith('.xml') && !name.endsWith('dumpxml')) : [];
const started = names.filter((name) => index[name]?.started);

/** The corpus's test host. */
const link = (name: string, type = '') => [name, { name, type }] as const;
const host = facts({
  links: new Map([...['lo', 'eth1', 'eth2', 'eth20', 'eth21', 'eth22', 'eth23', 'eth24'].map((n) => link(n)), link('br0', 'bridge')]),
  routes: [{ to: '203.0.113.0/24', dev: 'eth1' }],
  capabilities: { ...facts().capabilities, firewalld: undefined, resolved: false, vlanFiltering: false },
  paths: { runDir: '/run', stateDir: '/state', leaseScript: '/script' },
});

/** The network as libvirt completed it: with the bridge name that its live document shows. */
function networkOf(name: string): Network | undefined {
  const { network } = readNetwork(file(name, 'xml') ?? '');
  const live = readNetwork(file(name, 'live.dumpxml') ?? file(name, 'dumpxml') ?? '').network;
  return (
    network &&
    completeNetwork(network, {
      uuid: () => live?.uuid ?? '00000000-0000-4000-8000-000000000000',
      mac: () => live?.mac ?? '52:54:00:00:00:01',
      bridgeName: () => live?.bridge?.name ?? 'virbr0',
    })
  );
}

interface Compiled {
  readonly name: string;
  readonly network: Network;
  readonly resources: readonly Resource[];
}
const refused: string[] = [];
const compiled: readonly Compiled[] = started.flatMap((name) => {
  const network = networkOf(name);
  if (!network) {
    refused.push(`${name}: not read`);
    return [];
  }
  const result = compileNetwork({ network, ports: [], facts: host });
  if (result.ok) return [{ name, network, resources: result.value }];
  refused.push(`${name}: ${result.diagnostics.find((d) => d.severity === 'error')?.message ?? ''}`);
  return [];
});
const of = <K extends Resource['kind']>(c: Compiled, kind: K): Extract<Resource, { kind: K }> | undefined =>
  c.resources.find((r): r is Extract<Resource, { kind: K }> => r.kind === kind);
const sorted = (lines: Iterable<string>): string[] => [...lines].toSorted();
const lines = (text: string): string[] => text.split('\n').filter((l) => l !== '' && !l.startsWith('#'));

/** What libvirt started and virtnet refuses, each with its reason. */
const REFUSED: Readonly<Record<string, string>> = {
  'case-forward-interface-emptydev.xml': 'a device without a name cannot be there',
  'own-ip-v6-mapped.xml':
    'nobody can listen at an IPv4 address in the form of IPv6; dnsmasq starts there only while the kernel still checks it',
  'case-host-name-comma.xml': "a comma would make two fields of the name in dnsmasq's file",
  'pub-0037-net-br-macvtap.xml': 'its device is not there: virtnet says so at start, libvirt when a guest is plugged',
  'seed-passthrough-interfaces.xml': 'its devices are not there',
};

describe.skipIf(!has)('of the networks that libvirt started', () => {
  it('all compile but for a few, each for a reason', () => {
    expect(started.length).toBeGreaterThan(250);
    expect(sorted(refused.map((words) => words.slice(0, words.indexOf(': '))))).toEqual(sorted(Object.keys(REFUSED)));
  });

  it('just those have a dnsmasq that have one there', () => {
    const differing = compiled.filter((c) => (of(c, 'dnsmasq') !== undefined) !== (file(c.name, 'conf') !== undefined));
    expect(differing.map((c) => c.name)).toEqual([]);
  });
});

/** libvirt's limit of leases counts the ranges, ours the subnet: they are compared by themselves. */
function withoutLimit(facts: readonly string[]): Set<string> {
  return new Set(facts.filter((line) => !line.startsWith('dhcp-lease-max=')));
}

/** The most leases that a conf allows; undefined where it does not say. */
function limitOf(conf: string): number | undefined {
  const limit = /^dhcp-lease-max=(\d+)$/m.exec(conf)?.[1];
  return limit === undefined ? undefined : Number(limit);
}

/** The facts of libvirt's conf, with the paths of its files cut off. */
function theirFacts(conf: string): Set<string> {
  const known = withoutLimit(lines(conf).map((line) => line.replace(/^(pid-file|dhcp-hostsfile|addn-hosts)=.*/, '$1')));
  // A domain without a name expands nothing.
  if (known.delete('domain=')) known.delete('expand-hosts');
  return known;
}

/** The facts of our conf, with our deliberate differences taken back (each is told in the doc comment of `dnsmasqConf`). */
function ourFacts(c: Compiled, dnsmasq: DnsmasqResource): Set<string> {
  const known = withoutLimit(
    lines(dnsmasq.conf).map((line) => line.replace(/^(pid-file|dhcp-hostsfile|addn-hosts|servers-file)=.*/, '$1')),
  );
  // libvirt gives these two on the command line.
  known.delete('leasefile-ro');
  known.delete('dhcp-script=/script');
  // dnsmasq serves nobody for the 3 s in which it waits for an answer to its ping.
  known.delete('no-ping');
  // Upstream servers come from a file of ours, where libvirt's dnsmasq watches resolv.conf.
  if (known.delete('servers-file')) known.delete('no-resolv');
  // Reverse names of private subnets behind NAT stay here, localPtr or not.
  if (c.network.forward.mode === 'nat') {
    const theirs = theirFacts(file(c.name, 'conf') ?? '');
    for (const line of [...known]) if (/^local=\/.*\.arpa\/$/.test(line) && !theirs.has(line)) known.delete(line);
  }
  return known;
}

/** libvirt escapes the quotation marks in the names of these files, and the corpus has lost them. */
const FILES_LOST = 'lv-conf-nat-network-name-with-quotes.xml';

describe.skipIf(!has)("dnsmasq's files", () => {
  it("say what libvirt's say", () => {
    const served = compiled.filter((c) => of(c, 'dnsmasq') && file(c.name, 'conf') !== undefined);
    expect(served.length).toBeGreaterThan(200);
    for (const c of served) {
      const ours = of(c, 'dnsmasq') as DnsmasqResource;
      expect({ name: c.name, conf: sorted(ourFacts(c, ours)) }).toEqual({
        name: c.name,
        conf: sorted(theirFacts(file(c.name, 'conf') ?? '')),
      });
      const theirLimit = limitOf(file(c.name, 'conf') ?? '');
      if (theirLimit !== undefined) expect(limitOf(ours.conf), c.name).toBeGreaterThanOrEqual(theirLimit);
      if (c.name === FILES_LOST) continue;
      expect({ name: c.name, hosts: lines(ours.hosts) }).toEqual({ name: c.name, hosts: lines(file(c.name, 'hostsfile') ?? '') });
      // libvirt ends each line of names with a tab.
      const addn = lines(file(c.name, 'addnhosts') ?? '').map((line) => line.trimEnd());
      expect({ name: c.name, addn: lines(ours.addnHosts) }).toEqual({ name: c.name, addn });
    }
  });
});

/** One rule in words that do not depend on the order of its matches: family, way, matches sorted, verdict. */
function fact(way: string, family: '4' | '6', rule: string): string {
  const [, matches = '', verdict = ''] = /^(.*?)\s*((?:accept|reject|return|masquerade|snat)\b.*)$/.exec(rule) ?? [];
  const parts = matches.match(/(?:[io]ifname "[^"]*"|ip6? [sd]addr (?:!= )?\S+|ct state \S+|meta l4proto \S+)/g) ?? [];
  const how = verdict.replace(/^snat (?:ip )?to/, 'snat to').replace(/^reject.*/, 'reject');
  return [`${way}${family}`, ...parts.toSorted(), how].join(' ');
}

function theirRules(nft: string): string[] {
  const out: string[] = [];
  let family: '4' | '6' = '4';
  let chain = '';
  for (const raw of nft.split('\n')) {
    const line = raw.trim();
    if (line.startsWith('table')) family = line.startsWith('table ip6') ? '6' : '4';
    chain = /^chain (\S+) \{/.exec(line)?.[1] ?? chain;
    const way = { guest_cross: 'cross', guest_input: 'to', guest_output: 'from', guest_nat: 'nat' }[chain];
    if (way === undefined || line === '}' || line === '' || /^(chain|table|type)/.test(line)) continue;
    out.push(fact(way, family, line.replace(/\b[io]if "[^"]*" ?/g, '')));
  }
  return sorted(out);
}

function ourRules(firewall: FirewallResource | undefined, v6: boolean): string[] {
  const out: string[] = [];
  for (const { name, rules } of firewall?.chains ?? []) {
    const way = name.split('_').at(-1) ?? '';
    // libvirt's limit on what guests send is not a packet rule; it is compared with its policer below.
    if (way === 'limit') continue;
    for (const rule of rules) {
      const families = /\bip6 /.test(rule) ? ['6'] : /\bip |icmp /.test(rule) ? ['4'] : v6 ? ['4', '6'] : ['4'];
      // Refuses what libvirt's rules refuse with the rest, but for connections whose port forward, of which libvirt knows none, has gone.
      if (rule.endsWith(` jump ${FORWARDED}`)) continue;
      const cross = /^iifname "[^"]*" accept$/.test(rule);
      // Two protocols, or two destinations, in one rule of ours are two of libvirt's.
      const sets = [
        /meta l4proto \{ tcp, udp \}/.test(rule) ? ['tcp', 'udp'] : [],
        /daddr \{/.test(rule) ? ['224.0.0.0/24', '255.255.255.255'] : [],
      ].flat();
      const variants = sets.length > 0 ? sets.map((one) => rule.replace(/\{[^}]*\}/, one)) : [rule];
      for (const family of families as ('4' | '6')[]) {
        for (const variant of variants) out.push(fact(cross ? 'cross' : way, family, cross ? 'accept' : variant));
      }
    }
  }
  return sorted(out);
}

describe.skipIf(!has)('the packet rules', () => {
  it("mean what libvirt's mean", () => {
    const ruled = compiled.filter((c) => file(c.name, 'nft') !== undefined);
    expect(ruled.length).toBeGreaterThan(200);
    for (const c of ruled) {
      const v6 = c.network.ipv6 === true || c.network.ips.some((ip) => ip.address.includes(':'));
      expect({ name: c.name, rules: ourRules(of(c, 'firewall'), v6) }).toEqual({
        name: c.name,
        rules: theirRules(file(c.name, 'nft') ?? ''),
      });
    }
  });
});

/** Rates and bursts of libvirt's tc commands: `1:1 rate ceil`, `1:2 rate ceil burst`, `police rate burst`. */
function theirLimits(tc: string): string[] {
  return lines(tc).flatMap((line) => {
    const number = (name: string) => new RegExp(`\\b${name} (\\d+)kb`).exec(line)?.[1];
    // tc(8) takes what libvirt hands it beyond what a 64-bit counter holds; ours ends at 100 Gbit/s.
    const word = (name: string) => (Number(number(name)) > 12_500_000 ? '12500000' : number(name));
    const say = (...words: (string | undefined)[]) => [words.map((w) => w ?? '-').join(' ')];
    if (/ class add .* classid 1:1 /.test(line)) return say('all', word('rate'), word('ceil'));
    if (/ class add .* classid 1:2 /.test(line)) return say('guests', word('rate'), word('burst'));
    // The bucket of our limit holds a second of the rate at least.
    if (/ police /.test(line))
      return say('police', word('rate'), String(Math.max((Number(word('rate')) * 1000) / 1024, Number(word('burst')))));
    return [];
  });
}

/** KiB that the rule lets pass beyond libvirt's policer where the limit is a queue's. */
const SEGMENT = 64;

function ourLimits(shaping: ShapingResource | undefined, firewall: FirewallResource | undefined): string[] {
  const inbound = shaping?.inbound;
  const rule = firewall?.chains.find((chain) => chain.name.endsWith('_limit'))?.rules.at(-1) ?? '';
  const bytes = (word: string): number => {
    const [, count, unit = ''] = new RegExp(`${word} (\\d+) ([km]?)bytes`).exec(rule) ?? [];
    return Number(count ?? 0) * 1024 ** ['', 'k', 'm'].indexOf(unit);
  };
  // tc's kbps is 1,000 bytes a second, its kb 1,024 bytes.
  const burst = (bytes('over') + bytes('burst')) / 1024 - (shaping?.outbound ? SEGMENT : 0);
  return [
    ...(inbound?.average
      ? [
          `all ${String(inbound.average)} ${String(inbound.peak ?? inbound.average)}`,
          `guests ${String(inbound.average)} ${String(inbound.burst ?? '-')}`,
        ]
      : []),
    ...(rule === '' ? [] : [`police ${String(bytes('over') / 1000)} ${String(burst)}`]),
  ];
}

describe.skipIf(!has)('the limits', () => {
  it('are the numbers that libvirt gives to tc', () => {
    const limited = compiled.filter((c) => theirLimits(file(c.name, 'tc') ?? '').length > 0 || of(c, 'shaping') !== undefined);
    expect(limited.length).toBeGreaterThan(8);
    for (const c of limited) {
      expect({ name: c.name, limits: sorted(ourLimits(of(c, 'shaping'), of(c, 'firewall'))) }).toEqual({
        name: c.name,
        limits: sorted(theirLimits(file(c.name, 'tc') ?? '')),
      });
    }
  });
});

/** Starts that libvirt refuses and virtnet does not, each with its reason. */
const CARRIED_OUT: Readonly<Record<string, string>> = {
  'lv-x2x-dnsmasq-options.xml': 'the option is bad, and dnsmasq says so when it starts (VNH005)',
  'own-name-tab.xml': "no file's name holds the network's",
  'pub-0049-virbr0.xml': 'without VLAN filtering the MAC table is managed all the same, with a warning',
};

/** The same error, whose words name files of libvirt. */
const OTHER_WORDS: ReadonlySet<string> = new Set(['pub-0126-new-foo.xml']);

describe.skipIf(!has)('what libvirt could not start', () => {
  it('is refused with the same error, or carried out for a reason', () => {
    const failed = names.filter((name) => index[name]?.started === false);
    expect(failed.length).toBeGreaterThan(20);
    const differing: string[] = [];
    for (const name of failed) {
      const network = networkOf(name);
      const theirs = index[name]?.startError;
      if (!network || !isManaged(network) || !theirs) continue;
      const result = compileNetwork({ network, ports: [], facts: host });
      const ours = result.diagnostics.find((d) => d.libvirt)?.libvirt;
      if (name in CARRIED_OUT) expect({ name, ok: result.ok }).toEqual({ name, ok: true });
      else if (ours?.code !== theirs.code || (ours.message !== theirs.message && !OTHER_WORDS.has(name)))
        differing.push(`${name}: ${theirs.message} | ${ours?.message ?? '(none)'}`);
    }
    expect(differing).toEqual([]);
  });
});
