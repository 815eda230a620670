import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { shaperName } from '../../src/host/marks.ts';
import { isRoot } from '../support/root.ts';

/** The command as users have it, on the real kernel with real dnsmasq and DHCP clients. Tests build on one another, in order. */
const folder = mkdtempSync(join(tmpdir(), 'cli-'));

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function sh(command: string, ...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000 });
  return { status, stdout, stderr };
}

const virtnet = (...args: string[]): Ran => sh('bin/virtnet', ...args);

/** Runs it, expects success, gives what it printed. */
function ok(...args: string[]): string {
  const ran = virtnet(...args);
  expect(ran.stderr + ran.stdout + String(ran.status)).toMatch(/0$/);
  return ran.stdout;
}

function json(...args: string[]): Record<string, unknown> {
  return JSON.parse(ok(...args, '--json')) as Record<string, unknown>;
}

/** Names of fields of a value and of all in it, but for documents and what is virtnet's own. */
function fieldsOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (typeof value !== 'object' || value === null) return [];
  const opaque = ['network', 'port', 'attachment', 'counters', 'before', 'after'];
  return Object.entries(value).flatMap(([name, inner]) => [name, ...(opaque.includes(name) ? [] : fieldsOf(inner))]);
}

const words = (text: string): readonly string[] => text.match(/\w+/g) ?? [];

/** STP off: a guest is heard at once. */
const document = (more = ''): string => `<network>
  <name>lab</name>
  <forward mode='nat'/>
  <bridge name='vnlab0' stp='off'/>
  <domain name='lab.internal'/>
  <ip address='10.9.0.1' prefix='24'>
    <dhcp>
      <range start='10.9.0.10' end='10.9.0.14'/>
      <host mac='52:54:00:00:00:09' name='fixed' ip='10.9.0.9'/>
    </dhcp>
  </ip>
${more}</network>
`;
const file = join(folder, 'lab.xml');
const bridge = (): string => sh('ip', '-brief', 'addr', 'show', 'vnlab0').stdout;

beforeAll(() => {
  writeFileSync(file, document());
});

describe('a network from file to nothing', () => {
  test('plan says what would happen, exits with 3, and changes nothing', () => {
    const { status, stdout } = virtnet('plan', file, '--commands');
    expect(status).toBe(3);
    expect(stdout).toMatch(/^ {2}\+ link vnlab0 +not there$/m);
    expect(stdout).toContain('ip link add ');
    expect(stdout).toContain('add chain inet virtnet ');
    expect(bridge()).toBe('');
    expect(virtnet('list').stdout).toBe('');
  });

  test('up defines and starts; a second up changes nothing', () => {
    expect(ok('up', file)).toContain('lab is up on vnlab0: 10.9.0.1/24');
    expect(bridge()).toContain('10.9.0.1/24');
    expect(sh('nft', 'list', 'tables').stdout).toContain('inet virtnet');
    expect(ok('up', file)).toContain('nothing to change');
    expect(virtnet('plan', file).status).toBe(0);
    expect(json('list')).toMatchObject({ networks: [{ name: 'lab', active: true, persistent: true, bridge: 'vnlab0' }] });
  });

  test('a namespace plugged in gets its fixed address from a real DHCP client, and is shown', () => {
    sh('ip', 'netns', 'add', 'web');
    const plugged = virtnet('attach', 'lab', '--netns', 'web', '--mac', '52:54:00:00:00:09');
    expect(plugged.stdout).toContain('52:54:00:00:00:09 is on lab');
    // The client would write the host's own resolv.conf.
    expect(plugged.stderr).toContain('touch /etc/netns/web/resolv.conf && ip netns exec web udhcpc -i eth0\n');
    sh('ip', '-n', 'web', 'link', 'set', 'eth0', 'up');
    const dhcp = sh(
      'ip',
      'netns',
      'exec',
      'web',
      'udhcpc',
      '-i',
      'eth0',
      '-f',
      '-q',
      '-n',
      '-t',
      '10',
      '-T',
      '1',
      '-s',
      '/bin/true',
      '-x',
      'hostname:web',
    );
    expect(dhcp.stderr + dhcp.stdout).toContain('lease of 10.9.0.9 obtained');
    const { ports } = json('ports', 'lab') as { ports: { port: { mac: string; owner: { name: string } } }[] };
    expect(ports.map((p) => [p.port.mac, p.port.owner.name])).toEqual([['52:54:00:00:00:09', 'web']]);
    const leases = json('leases', 'lab');
    expect(leases).toMatchObject({ leases: [{ network: 'lab', ip: '10.9.0.9', mac: '52:54:00:00:00:09' }] });
    const shown = ok('show', 'lab');
    expect(shown).toMatch(/^lab {2}running$/m);
    expect(shown).toMatch(/^web +52:54:00:00:00:09 +\S+ +10\.9\.0\.9 /m);
    expect(shown).toMatch(/DHCP +10\.9\.0\.10 to 10\.9\.0\.14: 0 of 5 in use/);
    for (const line of shown.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
  });

  test.each(['list', 'status', 'show lab', 'ports', 'leases', 'dns lab', 'dns lab fixed', 'diff', 'forward lab', 'reserve lab', 'plan'])(
    'what %s --json prints is what the reference and its help tell',
    (line) => {
      const [verb = '', ...operands] = line.split(' ');
      const value = json(verb, ...operands, ...(verb === 'plan' ? [file] : []));
      const [page = ''] = /^## JSON$[^]*?(?=^## )/m.exec(readFileSync('docs/reference/command.md', 'utf8')) ?? [];
      expect(fieldsOf(value).filter((field) => !words(page).includes(field))).toEqual([]);
      const own = `${verb === 'show' ? 'name uuid active persistent autostart mode bridge addresses warnings ' : ''}${ok(verb, '--help')}`;
      expect(Object.keys(value).filter((field) => !words(own).includes(field))).toEqual([]);
    },
  );

  test('drift is shown, named in show, exits with 3, and is repaired; the guest stays plugged', () => {
    expect(virtnet('diff').status).toBe(0);
    const before = sh('ip', '-n', 'web', 'link', 'show', 'eth0').stdout;
    sh('nft', 'delete', 'table', 'inet', 'virtnet');
    sh('ip', 'addr', 'del', '10.9.0.1/24', 'dev', 'vnlab0');
    const diff = virtnet('diff', 'lab');
    expect(diff.status).toBe(3);
    expect(diff.stdout).toContain('+ address 10.9.0.1/24 on vnlab0');
    expect(diff.stdout).toContain('+ firewall of lab');
    expect(ok('show', 'lab')).toContain('this host differs from what the network says');
    expect(ok('repair', 'lab')).toContain('as it should be again');
    expect(virtnet('diff').status).toBe(0);
    expect(bridge()).toContain('10.9.0.1/24');
    expect(sh('ip', '-n', 'web', 'link', 'show', 'eth0').stdout).toBe(before);
  });

  test('a changed document changes the running network; update changes one section', () => {
    writeFileSync(file, document(`  <dns>\n    <host ip='10.9.0.50'>\n      <hostname>db</hostname>\n    </host>\n  </dns>\n`));
    expect(virtnet('plan', file).status).toBe(3);
    expect(ok('up', file)).toContain('lab is up');
    ok('update', 'lab', 'add', 'dns-host', `<host ip='10.9.0.51'><hostname>cache</hostname></host>`, '--live', '--config');
    expect(ok('dumpxml', 'lab')).toContain('<hostname>cache</hostname>');
    expect(ok('dumpxml', 'lab', '--inactive')).toContain('<hostname>cache</hostname>');
    expect(ok('dumpxml', 'lab', '--to', 'yaml')).toContain('name: lab');
    expect(sh('dig', '+short', '+timeout=2', '@10.9.0.1', 'cache.lab.internal').stdout.trim()).toBe('10.9.0.51');
  });

  test('a tap with limits and a name of its own, and what QEMU needs for it; detach by that name', () => {
    const qemu = ok('attach', 'lab', '--tap', '--name', 'vm1tap', '--multiqueue', '--bandwidth', '1000/500', '--owner', 'vm1', '--qemu');
    expect(qemu).toMatch(/^-netdev tap,id=vm1tap,ifname=vm1tap,\S*queues=2 -device virtio-net-pci,netdev=vm1tap,mac=52:54:00:\S+,mq=on\n$/);
    expect(sh('ip', '-d', 'link', 'show', 'vm1tap').stdout).toContain('multi_queue');
    const queue = shaperName('vm1tap', 'inbound');
    expect(sh('tc', 'qdisc', 'show', 'dev', queue).stdout).toContain('htb');
    expect(ok('ports', 'lab')).toMatch(/vm1 .* in 1000, out 500 kB\/s/);
    expect(virtnet('attach', 'lab', '--tap', '--vlan', '10').stderr).toMatch(/VLAN|vlan/);
    expect(ok('limit', 'lab', 'vm1', '2000')).toBe('vm1 is limited on lab\n');
    // 2,000 kilobytes a second in tc's words.
    expect(sh('tc', 'class', 'show', 'dev', queue).stdout).toMatch(/class htb 1:1 root rate 16Mbit ceil 16Mbit/);
    expect(ok('ports', 'lab')).toMatch(/vm1 .* in 2000 kB\/s/);
    expect(ok('limit', 'lab', 'vm1tap', 'none')).toBe('vm1 has no limit on lab\n');
    expect(sh('ip', 'link', 'show', queue).status).not.toBe(0);
    expect(virtnet('limit', 'lab', 'vm1', '1x').stderr).toContain("'1x' is no bandwidth");
    expect(virtnet('limit', 'lab', 'vm2', '1').stderr).toContain('VND004');
    ok('detach', 'lab', 'vm1tap');
    expect(sh('ip', 'link', 'show', 'vm1tap').status).not.toBe(0);
  });

  test.skipIf(!isRoot)(
    'a tap is its user’s (without root there are no others), persistent and with a header for virtio; a taken MAC and an unknown portgroup are refused',
    () => {
      const groups = join(folder, 'groups.xml');
      writeFileSync(groups, "<network><name>groups</name><portgroup name='silver'/></network>");
      ok('up', groups);
      ok('attach', 'groups', '--tap', '--name', 'owned', '--user', '1', '--group', '4', '--mac', '52:54:00:00:00:21', '--owner', 'one');
      const [link] = JSON.parse(sh('ip', '-json', '-details', 'link', 'show', 'owned').stdout) as { linkinfo: { info_data: object } }[];
      expect(link?.linkinfo.info_data).toMatchObject({ type: 'tap', persist: true, vnet_hdr: true, multi_queue: false });
      expect(sh('cat', '/sys/class/net/owned/owner', '/sys/class/net/owned/group').stdout).toBe('1\n4\n');
      expect(virtnet('attach', 'groups', '--tap', '--mac', '52:54:00:00:00:21').stderr).toMatch(/VND011|has the MAC address/);
      expect(virtnet('attach', 'groups', '--tap', '--portgroup', 'silvr').stderr).toMatch(/did you mean 'silver'/);
      expect((json('ports', 'groups')['ports'] as unknown[]).length).toBe(1);
      ok('detach', 'groups', 'one');
      // What the guest's document says, and the options over it.
      const guest = join(folder, 'guest.xml');
      writeFileSync(
        guest,
        `<interface type='network'><mac address='52:54:00:00:00:22'/><source network='groups' portgroup='silver'/>
        <target dev='fromfile'/><mtu size='1400'/><port isolated='yes'/></interface>`,
      );
      expect(json('attach', 'groups', '--tap', '--interface', guest, '--mac', '52:54:00:00:00:23', '--owner', 'two')).toMatchObject({
        port: { network: 'groups', mtu: 1400, attachment: { dev: 'fromfile' }, port: { mac: '52:54:00:00:00:23', portgroup: 'silver' } },
        applied: true,
      });
      expect(sh('cat', '/sys/class/net/fromfile/mtu', '/sys/class/net/fromfile/brport/isolated').stdout).toBe('1400\n1\n');
      ok('detach', 'groups', 'fromfile');
      ok('down', 'groups');
      ok('undefine', 'groups');
    },
  );

  test('a drop in another table is told after a start and in show, until the bridge is let pass there', () => {
    const nft = (...words: string[]): Ran => sh('nft', ...words);
    nft('add', 'table', 'ip', 'filter');
    nft('add', 'chain', 'ip', 'filter', 'FORWARD', '{ type filter hook forward priority 0; policy drop; }');
    const shown = ok('show', 'lab').replace(/\s+/g, ' ');
    expect(shown).toContain("chain 'FORWARD' of table 'ip filter' drops by its policy what guests of 'lab' send through this host");
    expect(virtnet('up', file).stderr).toContain('[VNC013]');
    expect(json('up', file)).toMatchObject({ networks: [{ warnings: [{ code: 'VNC013' }] }] });
    const command = /nft insert rule ip filter FORWARD iifname vnlab0 accept; nft insert rule ip filter FORWARD oifname vnlab0 accept/.exec(
      shown,
    );
    expect(sh('sh', '-c', command?.[0] ?? 'false').status).toBe(0);
    expect(ok('show', 'lab')).not.toContain('VNC013');
    nft('delete', 'table', 'ip', 'filter');
  });

  test('dns tells who answers what, and what the server really answers', () => {
    const told = ok('dns', 'lab');
    expect(told).toMatch(/^db\.lab\.internal +A +10\.9\.0\.50 +document$/m);
    expect(told).toMatch(/^fixed\.lab\.internal +A +10\.9\.0\.9 +lease$/m);
    expect(told).toMatch(/^everything else +the host's resolvers$/m);
    expect(ok('dns', 'lab', 'db')).toBe('db A 10.9.0.50\n');
    expect(ok('dns', 'lab', 'fixed.lab.internal')).toBe('fixed.lab.internal A 10.9.0.9\n');
    expect(ok('dns', 'lab', '10.9.0.50')).toMatch(/^10\.9\.0\.50 PTR db/);
    // dnsmasq answers the name of a reserved address once somebody has a lease of it.
    const later = "<host mac='52:54:00:00:00:08' name='later' ip='10.9.0.8'/>";
    ok('update', 'lab', 'add', 'ip-dhcp-host', later);
    expect(ok('dns', 'lab')).toMatch(/^later\.lab\.internal +A +10\.9\.0\.8 +reserved, no lease yet$/m);
    expect(virtnet('dns', 'lab', 'later')).toMatchObject({ status: 1, stderr: 'known here: reserved, no lease yet\n' });
    ok('update', 'lab', 'delete', 'ip-dhcp-host', later);
    const none = virtnet('dns', 'lab', 'nowhere.example');
    expect(none.status).toBe(1);
    expect(none.stdout).toContain('(asked 10.9.0.1)');
    expect(none.stderr).toContain("everything else: the host's resolvers");
  });

  test('what libvirt refuses is refused with place and code, and nothing changes', () => {
    const bad = join(folder, 'bad.xml');
    writeFileSync(bad, document().replace("end='10.9.0.14'", "end='10.8.0.14'"));
    const { status, stderr } = virtnet('up', bad);
    expect(status).toBe(1);
    expect(stderr).toMatch(/bad\.xml:8:\d+: error: .+ \[VNM\d{3}\]\n {4}8 \| {7}<range/);
    expect(virtnet('show', 'lba').stderr).toContain('VND001');
    expect(ok('dumpxml', 'lab')).toContain("end='10.9.0.14'");
  });

  test('detach, down, undefine leave nothing', () => {
    ok('autostart', 'lab');
    expect(json('list')).toMatchObject({ networks: [{ autostart: true }] });
    ok('autostart', 'lab', '--disable');
    ok('detach', 'lab', 'web');
    expect(sh('ip', '-n', 'web', 'link', 'show', 'eth0').status).not.toBe(0);
    expect(ok('stop', 'lab')).toContain('lab is down');
    expect(bridge()).toBe('');
    expect(ok('start', 'lab')).toContain('lab is up on vnlab0');
    expect(ok('down', 'lab')).toContain('lab is down');
    expect(sh('nft', 'list', 'tables').stdout).toBe('');
    expect(sh('ip', '-brief', 'link').stdout.trim().split('\n')).toHaveLength(1);
    ok('undefine', 'lab');
    expect(virtnet('list', '--name').stdout).toBe('');
    sh('ip', 'netns', 'del', 'web');
  });

  test('a network on a bridge of the host is up and down by its document alone, and that is what is said', () => {
    sh('ip', 'link', 'add', 'br0', 'type', 'bridge');
    ok('define', 'examples/host-bridge.xml');
    expect(ok('start', 'host-bridge')).toBe('host-bridge is up on br0\n');
    expect(ok('up', 'host-bridge')).toContain('host-bridge is up; nothing to change on this host\n');
    expect(ok('down', 'host-bridge')).toBe('host-bridge is down\n');
    ok('undefine', 'host-bridge');
    sh('ip', 'link', 'del', 'br0');
  });

  test('several files make one plan, and define starts nothing', () => {
    ok('define', 'examples/isolated.xml');
    expect(json('list', '--inactive')).toMatchObject({ networks: [{ active: false }] });
    const up = json('up', 'examples/isolated.xml', file) as { networks: { name: string; active: boolean }[]; applied: boolean };
    expect(up.applied).toBe(true);
    expect(up.networks.map((n) => n.active)).toEqual([true, true]);
    const names = up.networks.map((n) => n.name);
    ok('down', ...names);
    ok('undefine', ...names);
  });
});

describe('definitions of libvirt', () => {
  test('are imported with their autostart, without touching what is there, and exported again', () => {
    const from = join(folder, 'libvirt');
    mkdirSync(join(from, 'autostart'), { recursive: true });
    const net = (name: string): string => `<!-- libvirt's warning -->\n<network><name>${name}</name><bridge name='${name}0'/></network>\n`;
    writeFileSync(join(from, 'one.xml'), net('one'));
    writeFileSync(join(from, 'two.xml'), net('two'));
    writeFileSync(join(from, 'broken.xml'), '<network><name>broken</name>');
    symlinkSync(join(from, 'two.xml'), join(from, 'autostart', 'two.xml'));
    ok('define', join(from, 'one.xml'));
    const before = ok('dumpxml', 'one');
    const planned = virtnet('import-libvirt', '--from', from, '--dry-run');
    expect(planned.stdout).toMatch(/^! .*broken\.xml: cannot be read, left: .+\n= one: there already .+\n\+ two: define, start at boot\n$/);
    expect(ok('list', '--name')).toBe('one\n');
    expect(virtnet('import-libvirt', '--from', from).status).toBe(1);
    expect(json('list')).toMatchObject({
      networks: [
        { name: 'one', autostart: false },
        { name: 'two', autostart: true, active: false },
      ],
    });
    expect(ok('dumpxml', 'one')).toBe(before);

    const to = join(folder, 'exported');
    ok('export-libvirt', '--to', to);
    expect(readFileSync(join(to, 'autostart', 'two.xml'), 'utf8')).toBe(ok('dumpxml', 'two', '--inactive'));
    expect(readdirSync(join(to, 'autostart'))).toEqual(['two.xml']);
    writeFileSync(join(to, 'one.xml'), 'mine');
    expect(virtnet('export-libvirt', '--to', to).status).toBe(1);
    expect(readFileSync(join(to, 'one.xml'), 'utf8')).toBe('mine');
    // Where no folder can be made it ends.
    expect(virtnet('export-libvirt', '--to', '/proc/x/y')).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`cannot write "/proc/x/y"`) as unknown,
    });

    ok('undefine', 'one', 'two');
    ok('import-libvirt', '--from', join(to, 'autostart'));
    expect(ok('list', '--name')).toBe('two\n');
    ok('undefine', 'two');
  });
});

describe('completion', () => {
  test('of bash offers verbs, options and names, and runs nothing that a name holds', () => {
    const odd = join(folder, 'odd.xml');
    writeFileSync(odd, `<network><name>my $(touch ${folder}/ran) net</name></network>`.replaceAll('/ran', '_ran').replaceAll(folder, 'x'));
    ok('define', odd);
    const complete = (...words: string[]): string => {
      const set =
        'COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); source <(bin/virtnet completion bash); _virtnet; printf "%s\\n" "${COMPREPLY[@]}"';
      return sh('bash', '-c', set, 'bash', ...words).stdout;
    };
    expect(complete('virtnet', 'und')).toBe('undefine\n');
    expect(complete('bin/virtnet', 'attach', '--own')).toBe('--owner\n');
    expect(complete('bin/virtnet', 'show', 'my')).toBe('my\\ \\$\\(touch\\ x_ran\\)\\ net\n');
    expect(existsSync('x_ran')).toBe(false);
    ok('undefine', 'my $(touch x_ran) net');
  });
});

describe('the sandbox', () => {
  test('has a network and folders of its own, and passes the exit code on', () => {
    const script = 'virtnet up "$0" >/dev/null 2>&1 && virtnet list --name && ip -brief link | wc -l && exit 7';
    const inside = virtnet('sandbox', '--', 'sh', '-c', script, file);
    expect(inside.stdout).toBe('lab\n2\n');
    expect(inside.status).toBe(7);
    expect(bridge()).toBe('');
    expect(virtnet('list', '--name').stdout).toBe('');
  });

  test('keeps what a DHCP client writes from the host', () => {
    const before = readFileSync('/etc/resolv.conf', 'utf8');
    const inside = virtnet('sandbox', '--', 'sh', '-c', 'echo nameserver 192.0.2.53 >/etc/resolv.conf; cat /etc/resolv.conf');
    expect(inside.stdout).toBe('nameserver 192.0.2.53\n');
    expect(readFileSync('/etc/resolv.conf', 'utf8')).toBe(before);
  });
});

describe('where output goes', () => {
  test('no colours without a terminal, colours with one, none with NO_COLOR', () => {
    const bad = join(folder, 'bad.xml');
    expect(virtnet('validate', bad).stdout).not.toContain('\u001b');
    const terminal = (env: string): string => sh('script', '-qec', `${env} bin/virtnet validate ${bad}`, '/dev/null').stdout;
    expect(terminal('env -u NO_COLOR TERM=xterm')).toContain('\u001b[');
    expect(terminal('env NO_COLOR=1 TERM=xterm')).not.toContain('\u001b[3');
  });

  test('a document type declaration that a definition refuses is refused by validate, at its place', () => {
    const odd = join(folder, 'doctype.xml');
    writeFileSync(odd, '<!DOCTYPE network [\n<!ELEMENT name>]>\n<network><name>odd</name></network>');
    const { status, stdout } = virtnet('validate', odd);
    expect([status, stdout]).toEqual([1, expect.stringContaining('doctype.xml:2:15: error: document type declaration is not well-formed')]);
    expect(virtnet('define', odd).status).toBe(1);
  });

  test('a closed pipe is no error', () => {
    expect(sh('sh', '-c', 'bin/virtnet --help | head -1').stderr).toBe('');
  });

  test('convert goes through YAML and JSON without loss', () => {
    const canonical = ok('convert', 'examples/dns.xml', '--to', 'xml');
    for (const form of ['yaml', 'json']) {
      const there = join(folder, `dns.${form}`);
      writeFileSync(there, ok('convert', 'examples/dns.xml', '--to', form));
      expect(ok('convert', there, '--to', 'xml')).toBe(canonical);
      expect(ok('validate', there)).toContain('ok');
    }
  });

  test('format --write changes a file in place and keeps its comments', () => {
    const messy = join(folder, 'messy.xml');
    writeFileSync(messy, '<network><!-- mine -->\n<name>m</name></network>');
    expect(virtnet('format', '--check', messy).status).toBe(1);
    ok('format', '--write', messy);
    expect(readFileSync(messy, 'utf8')).toBe('<network>\n  <!-- mine -->\n  <name>m</name>\n</network>\n');
  });

  test('format --write leaves the old text where the disk is full', () => {
    const small = join(folder, 'small');
    mkdirSync(small);
    expect(sh('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', small).status).toBe(0);
    const messy = join(small, 'messy.xml');
    const text = `<network><name>m</name>${'<!-- x -->'.repeat(3000)}</network>`;
    writeFileSync(messy, text);
    sh('sh', '-c', `cat /dev/zero >${small}/fill`);
    expect(virtnet('format', '--write', messy)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`cannot write "${messy}": no space left on device`) as string,
    });
    expect(readFileSync(messy, 'utf8')).toBe(text);
    expect(readdirSync(small)).toEqual(['fill', 'messy.xml']);
    sh('umount', small);
  });
});
