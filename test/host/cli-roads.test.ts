import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PATIENCE_MS } from '../support/patience.ts';
import { LAB, ROADS, takeRoad, type Ran, type Road } from '../support/roads.ts';

/** What the command does on the real kernel, by itself and through virtnetd. */
const folder = mkdtempSync(join(tmpdir(), 'roads-'));

let road: Road;
const virtnet = (...args: string[]): Ran => road.virtnet(...args);
const sh = (line: string): string => road.run('sh', ['-c', line]).stdout;
const json = (...args: string[]): unknown => JSON.parse(virtnet(...args, '--json').stdout);

describe.each(ROADS)('%s', (name) => {
  beforeAll(async () => {
    road = await takeRoad(name, folder);
    const lab = join(folder, 'lab.xml');
    writeFileSync(lab, LAB);
    expect(virtnet('up', lab).status).toBe(0);
  }, PATIENCE_MS);
  afterAll(async () => {
    virtnet('down', 'lab', '--yes');
    virtnet('undefine', 'lab');
    await road[Symbol.asyncDispose]();
  });

  test('down of a network that does not run says so, and is no error', () => {
    const other = join(folder, 'other.xml');
    writeFileSync(other, '<network><name>other</name><bridge name="vbother"/></network>');
    expect(virtnet('define', other).status).toBe(0);
    expect(virtnet('down', 'lab', 'other')).toMatchObject({ status: 0, stdout: 'lab is down\nother is not running\n' });
    expect(sh('ip -brief link show type bridge')).toBe('');
    expect(virtnet('down', 'lab')).toEqual({ status: 0, stdout: 'lab is not running\n', stderr: '' });
    expect(virtnet('stop', 'lab', '--dry-run')).toMatchObject({ status: 0, stdout: 'No changes: the host is as it should be.\n' });
    expect(json('down', 'lab')).toMatchObject({ plan: { delete: 0 }, applied: false, networks: [{ name: 'lab', active: false }] });
    expect(virtnet('down', 'nowhere').status).toBe(1);
    expect(virtnet('reserve', 'other', 'remove', 'nobody').stderr).toContain("no address of other is reserved for 'nobody'");
    expect(virtnet('reserve', 'other', 'add', 'web', '10.9.1.5').stderr).toContain("other does not run, and 'web' is no MAC address");
    expect(virtnet('undefine', 'other').status).toBe(0);
    expect(virtnet('start', 'lab').status).toBe(0);
    expect(virtnet('start', 'lab')).toMatchObject({ status: 0, stdout: 'lab runs already\n' });
    writeFileSync(other, virtnet('dumpxml', 'lab').stdout);
    expect(virtnet('define', other).stderr).toBe('Next: virtnet up lab\n');
  });

  test('status says what is amiss, and that nothing is', () => {
    const well = virtnet('status');
    expect([well.status, well.stdout]).toEqual([0, expect.stringMatching(/\nlab +running +no +0\n[^]*All is as it should be/)]);
    expect(well.stdout).toMatch(name === 'alone' ? /^virtnetd does not run/ : /^virtnetd \d+\.\d+\.\d+\S* runs as process \d+\n/);
    expect(json('status', 'lab')).toMatchObject({ ok: true, networks: [{ name: 'lab' }], ...(name === 'alone' ? {} : { daemon: {} }) });
    expect(virtnet('autostart', 'lab').status).toBe(0);
    expect(virtnet('down', 'lab').status).toBe(0);
    const stopped = virtnet('status', 'lab');
    expect([stopped.status, stopped.stdout]).toEqual([
      3,
      expect.stringMatching(/! lab: is to start at boot, and does not run\n +hint: virtnet start lab/),
    ]);
    expect(virtnet('autostart', 'lab', '--disable').status).toBe(0);
    expect(virtnet('status').status).toBe(0);
    expect(virtnet('start', 'lab').status).toBe(0);
    expect(virtnet('status', 'nowhere').status).toBe(1);
  });

  // virtnetd mends it before anybody looks.
  if (name === 'alone')
    test('status names the drift, and what mends it', () => {
      sh('ip address del 10.9.0.1/24 dev vblab');
      const { status, stdout } = virtnet('status');
      expect([status, stdout]).toEqual([
        3,
        expect.stringMatching(
          /! lab: this host differs from what it says in 1 place: address 10\.9\.0\.1\/24 on vblab\n +hint: virtnet repair lab/,
        ),
      ]);
      expect(virtnet('repair', 'lab').status).toBe(0);
      expect(virtnet('status').status).toBe(0);
    });

  test.each(['user', 'group'])('attach --dry-run tells of a %s that this host does not know, and attach leaves nothing', (kind) => {
    const words = ['attach', 'lab', '--tap', 'tap0', `--${kind}`, 'no-such-one'];
    const shown = virtnet(...words, '--dry-run');
    expect([shown.status, shown.stdout]).toEqual([1, '']);
    expect(shown.stderr).toMatch(
      new RegExp(`create link tap0: this host knows no ${kind} 'no-such-one' \\[VNP001\\]\n +hint: name one of`),
    );
    expect(json(...words, '--dry-run')).toMatchObject({ error: { code: 'VNP001' } });
    expect(virtnet(...words)).toMatchObject({ status: 1, stderr: expect.stringContaining(`invalid ${kind} "no-such-one"`) as string });
    expect(sh('ip -brief link show type tun')).toBe('');
    expect(json('ports', 'lab')).toEqual({ ports: [] });
    expect(virtnet('attach', 'lab', '--tap', 'tap0', `--${kind}`, 'root', '--dry-run').status).toBe(0);
  });

  test('a name of two guests is refused with what names each, as lists show it', () => {
    const macs = ['52:54:00:09:00:07', '52:54:00:09:00:08'];
    for (const mac of macs) expect(virtnet('attach', 'lab', '--tap', '--owner', 'twin', '--mac', mac).status).toBe(0);
    expect(virtnet('detach', 'lab', 'twin')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(new RegExp(`'twin' names 2 ports \\[VND004\\]\n +hint: give one of ${macs.join(', ')}\n`)) as string,
    });
    for (const mac of macs) expect(virtnet('detach', 'lab', mac).status).toBe(0);
  });

  test('a fixed address is for the next DHCP request, and for good; a plugged guest keeps the one it has', () => {
    const lease = (guest: string): string => sh(`ip netns exec ${guest} udhcpc -i eth0 -n -q -f -t 10 -T 1 -s /bin/true 2>&1`);
    const mac = '52:54:00:09:00:02';
    sh('ip netns add one; ip netns add two');
    expect(virtnet('attach', 'lab', '--netns', 'one').status).toBe(0);
    expect(virtnet('attach', 'lab', '--netns', 'two', '--mac', mac).status).toBe(0);
    expect(lease('one')).toMatch(/lease of 10\.9\.0\.[12]\d obtained/);
    expect(virtnet('leases').stdout).toMatch(/^NETWORK +ADDRESS [^]*\nlab +10\.9\.0\./);
    expect(virtnet('leases', 'lab').stdout).toMatch(/^ADDRESS [^]*\n10\.9\.0\./);
    expect(json('list')).toMatchObject({ networks: [{ name: 'lab', guests: 2 }] });
    const { leases } = json('leases', 'lab') as { readonly leases: readonly { readonly ip: string }[] };
    const had = leases[0]?.ip ?? '';
    expect(virtnet('reserve', 'lab')).toMatchObject({
      status: 0,
      stdout: '',
      stderr: expect.stringContaining('reserves no address') as string,
    });
    expect(virtnet('reserve', 'lab', 'add', mac, '10.9.0.30', '--dry-run').stdout).toMatch(/~ dnsmasq of lab +hosts changed/);
    expect(json('reserve', 'lab')).toEqual({ network: 'lab', hosts: [] });
    expect(virtnet('reserve', 'lab', 'add', mac, '10.9.0.30', '--name', 'db').stdout).toBe(
      '10.9.0.30 is reserved for db on lab, from its next DHCP request on\n',
    );
    // Again it is there already, also where less is said; only what lacks it is changed.
    const there = `10.9.0.30 is reserved for ${mac} on lab already\n`;
    expect(virtnet('reserve', 'lab', 'add', 'two', '10.9.0.30')).toEqual({ status: 0, stdout: there, stderr: '' });
    expect(json('reserve', 'lab', 'add', mac, '10.9.0.30', '--name', 'db')).toMatchObject({ applied: false, plan: { steps: [] } });
    expect(virtnet('reserve', 'lab', 'remove', 'db', '--live').status).toBe(0);
    expect(virtnet('reserve', 'lab', 'add', mac, '10.9.0.30', '--name', 'db').stdout).toContain(
      'reserved for db on lab, from its next DHCP',
    );
    const clash = virtnet('reserve', 'lab', 'add', 'one', '10.9.0.30');
    expect([clash.status, clash.stderr]).toEqual([
      1,
      expect.stringMatching(
        /10\.9\.0\.30 is reserved for db on lab already \[VNE004\]\n +hint: remove that first \(virtnet reserve lab remove 10\.9\.0\.30\)/,
      ),
    ]);
    expect(virtnet('reserve', 'lab', 'add', 'one').status).toBe(0);
    expect(lease('two')).toContain('lease of 10.9.0.30 obtained');
    expect(lease('one')).toContain(`lease of ${had} obtained`);
    const { hosts } = json('reserve', 'lab') as { readonly hosts: readonly object[] };
    expect(hosts).toEqual([{ mac, name: 'db', ip: '10.9.0.30' }, expect.objectContaining({ ip: had })]);
    expect(json('reserve', 'lab', '--config')).toEqual({ network: 'lab', hosts });
    expect(virtnet('reserve', 'lab').stdout).toMatch(new RegExp(`^ADDRESS +GUEST +NAME +LEASE\n10.9.0.30 +${mac} +db +-\n`));
    expect(virtnet('reserve', 'lab', 'remove', 'db', '--config').stdout).toBe(
      '10.9.0.30 is not reserved for db on lab any more, from its next start on\n',
    );
    expect(virtnet('reserve', 'lab', 'remove', mac.toUpperCase()).stdout).toBe('10.9.0.30 is not reserved for db on lab any more\n');
    // The stored definition says another address by now: what was named goes from both.
    const other = `<host mac='${mac}' name='db' ip='10.9.0.31'/>`;
    expect(virtnet('reserve', 'lab', 'add', mac, '10.9.0.30').status).toBe(0);
    expect(virtnet('update', 'lab', 'modify', 'ip-dhcp-host', other, '--config').status).toBe(0);
    expect(virtnet('reserve', 'lab', 'remove', 'db').stdout).toContain('10.9.0.31 is not reserved for db on lab any more, from');
    expect(virtnet('reserve', 'lab', 'remove', 'two').stdout).toBe(`10.9.0.30 is not reserved for ${mac} on lab any more\n`);
    expect(virtnet('reserve', 'lab', 'add', mac, '10.9.0.30').status).toBe(0);
    expect(virtnet('update', 'lab', 'modify', 'ip-dhcp-host', other, '--config').status).toBe(0);
    expect(virtnet('reserve', 'lab', 'remove', mac).status).toBe(0);
    expect(virtnet('reserve', 'lab', 'remove', 'one').status).toBe(0);
    for (const road of [[], ['--config']]) expect(json('reserve', 'lab', ...road)).toEqual({ network: 'lab', hosts: [] });
    for (const guest of ['one', 'two']) virtnet('detach', 'lab', guest);
    sh('ip netns delete one; ip netns delete two');
  });

  test.each([
    [['add', '52:54:00:09:00:02', '10.8.0.1'], /10\.8\.0\.1 is in no subnet of lab[^]*hint: choose one of 10\.9\.0\.0\/24/],
    [['add', '52:54:00:09:00:02', '10.9.0.1'], /10\.9\.0\.1 is the address of lab itself/],
    [['add', '52:54:00:09:00:02', '10.9.0'], /'10\.9\.0' is no IP address/],
    [['add', '52:54:00:09:00:03'], /has no lease on lab whose address it could keep/],
    [['add', 'nobody', '10.9.0.5'], /'nobody'[^]*VND004/],
    [['remove', 'nobody'], /no address of lab is reserved for 'nobody' \[VNE005\]/],
    [['ad'], /unknown command "ad"[^]*did you mean "add"/],
    [['add'], /add takes a guest, and its address/],
  ])('reserve lab %j is refused with what to do', (words, told) => {
    const { status, stdout, stderr } = virtnet('reserve', 'lab', ...words);
    expect([status, stdout]).toEqual([told.source.includes('command') || told.source.includes('takes') ? 2 : expect.any(Number), '']);
    expect(stderr).toMatch(told);
  });

  test('update and limit show what they would do', () => {
    const host = "<host ip='10.9.0.77'><hostname>later</hostname></host>";
    expect(virtnet('update', 'lab', 'add', 'dns-host', host, '--dry-run').stdout).toMatch(/~ dnsmasq of lab/);
    expect(virtnet('dumpxml', 'lab').stdout).not.toContain('later');
    expect(json('update', 'lab', 'add', 'dns-host', host)).toMatchObject({ applied: true, networks: [{ name: 'lab' }] });
    expect(virtnet('dumpxml', 'lab').stdout).toContain('later');
    expect(virtnet('attach', 'lab', '--tap', 'tap9', '--owner', 'vm').status).toBe(0);
    expect(virtnet('limit', 'lab', 'vm', '1000', '--dry-run').stdout).toMatch(/shaping tap9/);
    expect(json('ports', 'lab')).not.toMatchObject({ ports: [{ port: { bandwidth: {} } }] });
    expect(virtnet('limit', 'lab', 'vm', '1000').stdout).toBe('vm is limited on lab\n');
    expect(virtnet('limit', 'lab', 'vm', '900', '--commands').stdout).toMatch(
      /~ shaping tap9 [^]*\nCommands\n +# change shaping tap9\nvm is limited on lab\n$/,
    );
    expect(virtnet('update', 'lab', 'delete', 'dns-host', host, '--config', '--dry-run').status).toBe(1);
    expect(virtnet('update', 'lab', 'add', 'dns-host', host, '--config', '--dry-run').stdout).toBe(
      'Only the stored definition of lab would change.\n',
    );
    expect(json('limit', 'lab', 'vm', 'none')).toMatchObject({ applied: true, plan: { steps: [{ op: 'delete' }] } });
    expect(virtnet('detach', 'lab', 'vm').status).toBe(0);
  });
});
