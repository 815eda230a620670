// last: refusals; what works comes before
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { sh } from '../support/driver-documents.ts';
import { hostSnapshot } from '../support/host-snapshot.ts';
import { readableCopy } from '../support/readable-copy.ts';
import { isRoot } from '../support/root.ts';

/** What the command refuses, in the words that a user reads; the host is as before each time. */
const folder = mkdtempSync(join(tmpdir(), 'refusals-'));
interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
function run(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000, env: { ...process.env, ...env } });
  return { status, stdout, stderr };
}
const virtnet = (...args: string[]): Ran => run('bin/virtnet', args);

let files = 0;
function file(text: string): string {
  const path = join(folder, `${String(files++)}.xml`);
  writeFileSync(path, text);
  return path;
}
const network = (name: string, bridge: string, subnet: string, more = ''): string =>
  `<network><name>${name}</name><forward mode='nat'/><bridge name='${bridge}' stp='off'/><ip address='${subnet}.1' netmask='255.255.255.0'/>${more}</network>`;

/** Refused by these words (code and hint included), and the host is as before. */
function refused(path: string, words: readonly RegExp[], action = virtnet): void {
  const before = hostSnapshot();
  const { status, stderr } = action('up', path);
  expect(status, stderr).toBe(1);
  for (const word of words) expect(stderr).toMatch(word);
  expect(stderr).toMatch(/\[VN[A-Z]\d{3}\]/);
  expect(stderr).toMatch(/hint: /);
  expect(hostSnapshot()).toEqual(before);
}

describe('refused with a clear error, the host unchanged', () => {
  test('a subnet that an interface of the host has, naming it', () => {
    sh('ip link add lan0 type bridge; ip address add 10.99.0.9/24 dev lan0; ip link set lan0 up');
    refused(file(network('third', 'vb3', '10.99.0')), [/10\.99\.0/, /lan0/]);
    sh('ip link del lan0');
  });

  test('a subnet that a route of the host leads to, naming it', () => {
    sh('ip link add lan0 type bridge; ip address add 10.98.0.9/24 dev lan0; ip link set lan0 up; ip route add 10.99.0.0/24 via 10.98.0.1');
    refused(file(network('third', 'vb3', '10.99.0')), [/10\.99\.0\.0\/24/, /lan0|10\.98\.0\.1/]);
    sh('ip link del lan0');
  });

  test('an overlap is a warning that says which addresses will be out of reach', () => {
    sh('ip link add lan0 type bridge; ip address add 10.99.0.9/16 dev lan0; ip link set lan0 up');
    const { status, stderr } = virtnet('up', file(network('third', 'vb3', '10.99.7')));
    expect(stderr).toMatch(/warning: .*lan0/);
    expect(stderr.replace(/\s+/g, ' ')).toMatch(/10\.99\.7\.0\/24|10\.99\.7\.\d+ to 10\.99\.7\.255/);
    expect(status).toBe(0);
    expect(virtnet('down', 'third').status).toBe(0);
    expect(virtnet('undefine', 'third').status).toBe(0);
    sh('ip link del lan0');
  });

  test('a bridge name that exists and is not ours', () => {
    sh('ip link add vb3 type bridge');
    refused(file(network('third', 'vb3', '10.99.0')), [/vb3/]);
    sh('ip link del vb3');
  });

  const pool = (mode: string, devices: string): string =>
    `<network><name>third</name><forward mode='${mode}'>${devices}</forward></network>`;
  const address = "<address type='pci' domain='0x0000' bus='0x7f' slot='0x1e' function='0x5'/>";
  test.each([
    ...['bridge', 'private', 'vepa', 'passthrough'].map(
      (mode) =>
        [
          `a pool of mode ${mode} without one of its devices`,
          pool(mode, "<interface dev='lan0'/><interface dev='gone0'/>"),
          /'gone0'/,
        ] as const,
    ),
    ['a pool of PCI devices without one', pool('hostdev', address), /0000:7f:1e\.5/],
    ['a pool of the functions of no card', pool('hostdev', "<pf dev='gone0'/>"), /'gone0' does not exist/],
    [
      'a pool of the functions of a card that has none',
      pool('passthrough', "<pf dev='lan0'/>"),
      /'lan0' has no virtual functions[^]*sriov_numvfs/,
    ],
    [
      'a limit on a bridge that is not there',
      "<network><name>third</name><forward mode='bridge'/><bridge name='gone0'/><bandwidth><inbound average='9'/></bandwidth></network>",
      /'gone0' of network 'third' does not exist/,
    ],
  ] as const)('%s, naming the device', (_what, document, words) => {
    sh('ip link add lan0 type veth peer name lan9; ip link set lan0 up');
    refused(file(document), [words]);
    sh('ip link del lan0');
  });

  test('a bridge of the host that is not there yet is a warning, and an error for a guest', () => {
    const { status, stderr } = virtnet('up', file("<network><name>third</name><forward mode='bridge'/><bridge name='gone0'/></network>"));
    expect([status, stderr.replace(/\s+/g, ' ')]).toEqual([
      0,
      expect.stringMatching(/warning: bridge 'gone0' .*no guest can be plugged.*VNC004/),
    ]);
    const attached = virtnet('attach', 'third', '--tap', 'tap0');
    expect([attached.status, attached.stderr]).toEqual([1, expect.stringMatching(/bridge 'gone0' .*does not exist/)]);
    expect(virtnet('down', 'third').status).toBe(0);
    expect(virtnet('undefine', 'third').status).toBe(0);
  });

  test.each([
    ['nft', 'nftables'],
    ['dnsmasq', 'dnsmasq-base'],
    ['ip', 'iproute2'],
    ['tc', 'iproute2'],
  ])('%s is missing: its package is named', (tool, name) => {
    // Each folder of programs is covered by links to all of its programs but this one.
    const hide = `set -e; for f in /usr/sbin /usr/bin; do real=/run/tmp/real$f; farm=/run/tmp/farm$f; mkdir -p $real $farm; mount --bind $f $real
      ln -sf $real/* $farm; rm -f $farm/$0; done; PATH=/run/tmp/real/usr/bin; for f in /usr/sbin /usr/bin; do mount --bind /run/tmp/farm$f $f; done
      PATH=/usr/sbin:/usr/bin:$OLD; exec "$@"`;
    const limits = "<bandwidth><inbound average='1000'/></bandwidth>";
    const path = file(
      network('third', 'vb3', '10.99.0', limits).replace(
        "'255.255.255.0'/>",
        "'255.255.255.0'><dhcp><range start='10.99.0.5' end='10.99.0.9'/></dhcp></ip>",
      ),
    );
    const without = (...args: string[]): Ran =>
      run('unshare', ['--mount', 'sh', '-c', hide, tool, 'bin/virtnet', ...args], { OLD: process.env['PATH'] ?? '' });
    const words = [new RegExp(`'${tool}' is not installed`), new RegExp(`apt-get install ${name}`)];
    refused(path, words, without);
    // tc and what it does are looked for only where there is a device to shape.
    if (tool !== 'tc') refused(path, words, (verb, of) => without(verb, '--dry-run', of ?? ''));
  });

  test.skipIf(!isRoot)('no permission (only root shows it)', () => {
    const somebody = ['--reuid=65534', '--regid=65534', '--clear-groups', `${readableCopy()}/bin/virtnet`];
    sh(`chmod -R a+rX ${folder}`);
    for (const env of [{}, { VIRTNET_RUN_DIR: '/tmp/nobodys', VIRTNET_CONFIG_DIR: '/tmp/nobodys' }])
      refused(file(network('third', 'vb3', '10.99.0')), [/permission/i, /\[VNH003\]/, /run as root|sandbox/], (...args) => {
        sh(`chmod a+r ${folder}/*`);
        return run('setpriv', [...somebody, ...args], env);
      });
    sh('rm -rf /tmp/nobodys');
  });

  test('dnsmasq that does not start, with its own words', () => {
    const option =
      "<dnsmasq:options xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'><dnsmasq:option value='no-such-option'/></dnsmasq:options>";
    refused(file(network('third', 'vb3', '10.99.0', option)), [/dnsmasq did not start on 'vb3': .*bad option/, /\[VNH005\]/]);
    refused(file(network('third', 'vb3', '10.99.0').replace("'255.255.255.0'/>", "'255.255.255.0'><tftp root='/nowhere'/></ip>")), [
      /\/nowhere/,
      /\[VNC014\]/,
      /hint: make the folder: mkdir -p \/nowhere/,
    ]);
  });

  test('the second of two writers waits, and then says who holds the lock', async () => {
    const path = file(network('third', 'vb3', '10.99.0'));
    expect(virtnet('define', path).status).toBe(0);
    const at = join(process.env['VIRTNET_RUN_DIR'] ?? '', 'lock');
    const holder = spawn('flock', [at, 'sh', '-c', 'echo held; read line'], { stdio: ['pipe', 'pipe', 'ignore'] });
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    sh(`echo '{"pid":4711,"command":"virtnet up big.xml","purpose":"up","since":"2026-01-01T00:00:00.000Z","token":"t"}' >${at}`);
    const before = hostSnapshot();
    const late = virtnet('start', 'third');
    expect(late.status).toBe(1);
    expect(late.stderr).toMatch(/under way: process 4711 \(virtnet up big\.xml\).*\[VNH004\]/);
    expect(hostSnapshot()).toEqual(before);
    const waiting = spawn('bin/virtnet', ['start', 'third'], { stdio: 'ignore' });
    const ended = new Promise((resolve) => waiting.once('close', resolve));
    holder.stdin.end('\n');
    expect(await ended).toBe(0);
    expect(virtnet('down', 'third').status).toBe(0);
    expect(virtnet('undefine', 'third').status).toBe(0);
  });
});

describe('names, paths and values reach no shell, conf, rule or path', () => {
  const ran = join(folder, 'ran');
  const nasty = [
    `$(touch ${ran})`,
    `\`touch ${ran}\``,
    `; touch ${ran} ;`,
    `' "quoted" '`,
    `a\nconf-file=${ran}`,
    '../../etc/x',
    '-o-option',
    'a b  c',
    '# comment',
    '{ } accept',
    'é\u0000',
  ].map((value) => value.replaceAll('/', '\u2215').replaceAll('\u0000', ''));
  const esc = (value: string): string => value.replace(/[<&'"\n]/g, (c) => `&#${String(c.codePointAt(0))};`);
  afterAll(() => {
    expect(existsSync(ran)).toBe(false);
  });

  test.each(nasty.slice(0, 5).map((value) => [JSON.stringify(value), value]))('as a name of a network: %s', (_shown, value) => {
    const path = file(network(esc(value), 'vb3', '10.99.0'));
    const before = hostSnapshot();
    const up = virtnet('up', path);
    if (up.status === 0) {
      const names = JSON.parse(virtnet('list', '--json').stdout) as { networks: { name: string }[] };
      expect(names.networks.map((n) => n.name)).toEqual([value.replaceAll('\n', ' ')]);
      const name = names.networks[0]?.name ?? '';
      for (const verb of ['show', 'dumpxml', 'down', 'undefine']) expect(virtnet(verb, '--', name), verb).toMatchObject({ status: 0 });
    } else expect(up.stderr).toMatch(/error: .*\[VN/);
    expect(existsSync(ran)).toBe(false);
    const after = hostSnapshot();
    expect({ ...after, sysctls: undefined, files: undefined }).toEqual({ ...before, sysctls: undefined, files: undefined });
    expect(Object.keys(after.files).filter((f) => !(f in before.files))).toEqual([]);
  });

  const places: readonly (readonly [string, (value: string) => string])[] = [
    ['a domain', (v) => `<domain name='${v}'/>`],
    ['a DNS text', (v) => `<dns><txt name='a' value='${v}'/></dns>`],
    ['a DNS name', (v) => `<dns><host ip='10.99.0.7'><hostname>${v}</hostname></host></dns>`],
    ['an option of dnsmasq', (v) => `<dnsmasq:options xmlns:dnsmasq='http://libvirt.org/schemas/network/dnsmasq/1.0'><dnsmasq:option value='${v}'/></dnsmasq:options>`],
    ['a zone', (v) => `<bridge name='vb3' zone='${v}'/>`],
    ['a portgroup', (v) => `<portgroup name='${v}'/>`],
  ]; // prettier-ignore
  // Through the driver: a process for each value would cost minutes.
  test.each(places)('as %s', async (_place, more) => {
    await using driver = await openDriver();
    for (const value of nasty) {
      const text = network('third', 'vb3', '10.99.0', more(esc(value)));
      const document = more('').startsWith('<bridge') ? text.replace("<bridge name='vb3' stp='off'/>", '') : text;
      const error: unknown = await driver.up([document]).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(existsSync(ran), value).toBe(false);
      if (error === undefined) {
        expect((await driver.diff()).steps, value).toEqual([]);
        await driver.stop('third');
        await driver.undefine('third');
      } else expect(error, value).toMatchObject({ code: expect.stringMatching(/^VN/) as string });
      expect(await driver.list(), value).toEqual([]);
      expect(sh('ip -brief link').trim().split('\n'), value).toHaveLength(1);
    }
  });

  test('as a path of a document, a folder of virtnet and a namespace', () => {
    const odd = join(folder, `odd '$(touch ran)" ;x`);
    mkdirSync(odd);
    symlinkSync(file(network('third', 'vb3', '10.99.0')), join(odd, 'net.xml'));
    const env = { VIRTNET_CONFIG_DIR: join(odd, 'etc'), VIRTNET_STATE_DIR: join(odd, 'lib'), VIRTNET_RUN_DIR: join(odd, 'run') };
    const at = (...args: string[]): Ran => run('bin/virtnet', args, env);
    const up = at('up', join(odd, 'net.xml'));
    expect(up.status, up.stderr).toBe(0);
    const attached = at('attach', 'third', '--netns', '$(touch ran); ../x', '--json');
    expect(attached.stdout + attached.stderr).toContain('$(touch ran); ../x');
    expect(readdirSync('/run/netns').filter((name) => name.includes('ran'))).toEqual([]);
    expect(at('down', 'third').status).toBe(0);
    expect(existsSync('ran')).toBe(false);
  });
});
