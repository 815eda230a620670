import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';

/** A running network gets another subnet, by the command that users have. */
const sh = (line: string): string => execFileSync('sh', ['-c', line], { encoding: 'utf8' });
const virtnet = (...args: string[]): { readonly status: number | null; readonly stdout: string; readonly stderr: string } =>
  spawnSync('bin/virtnet', args, { encoding: 'utf8', timeout: 60_000 });
const file = join(tmpdir(), 'renumbered.xml');

/** With spanning tree: a port that comes up again forwards at once all the same. */
function subnet(n: number): void {
  writeFileSync(
    file,
    `<network><name>numbers</name><forward mode='nat'/><bridge name='vbr0' stp='on'/>
      <ip address='10.6.${String(n)}.1' netmask='255.255.255.0'><dhcp><range start='10.6.${String(n)}.10' end='10.6.${String(n)}.99'/></dhcp></ip></network>`,
  );
}

/** How often a guest's link has gone down and come up since it was made. */
const seen = (netns: string): readonly number[] =>
  ['down', 'up'].map((way) => Number(sh(`ip netns exec ${netns} cat /sys/class/net/eth0/carrier_${way}_count`)));
/** What a DHCP client that watches its link does when it comes up: it forgets what it had and asks. */
const ask = (netns: string): string => {
  sh(`ip -n ${netns} address flush dev eth0; ip netns exec ${netns} udhcpc -i eth0 -n -q -s /bin/true -t 40 -T 1 2>&1`);
  return (JSON.parse(virtnet('leases', 'numbers', '--json').stdout) as { leases: readonly { ip: string; hostname?: string }[] }).leases
    .map(({ ip }) => ip)
    .join();
};

beforeAll(() => {
  sh('ip netns add one; ip netns add two');
  subnet(1);
  expect(virtnet('up', file)).toMatchObject({ status: 0 });
  expect(virtnet('attach', 'numbers', '--netns', 'one')).toMatchObject({ status: 0 });
  expect(virtnet('attach', 'numbers', '--tap', 'vm0', '--owner', 'machine')).toMatchObject({ status: 0 });
});

describe('another subnet for a network that runs', () => {
  test('is said beforehand to renumber, and leaves guests’ links alone', () => {
    const before = seen('one');
    subnet(2);
    const { status, stdout } = virtnet('up', file);
    expect(status).toBe(0);
    expect(stdout).toContain('! guests get new addresses when they renew');
    expect(stdout).not.toContain('link-up');
    expect(seen('one')).toEqual(before);
  });

  test('bounces the links of guests when asked to, and says which guests it cannot tell', () => {
    const [down = 0, up = 0] = seen('one');
    subnet(3);
    const plan = virtnet('plan', '--bounce', file);
    expect(plan.stdout).toMatch(/~ link-up veth\w+ +down for a second.*\n +! a guest's link is down for a second/);
    expect(plan.stderr).toContain(`Next: virtnet up --bounce ${file}`);
    expect(seen('one')).toEqual([down, up]);
    const { status, stderr } = virtnet('up', '--bounce', file);
    expect(status).toBe(0);
    expect(stderr).toMatch(/guest 'machine' on 'vm0' is not told .*VND017/);
    expect(seen('one')).toEqual([down + 1, up + 1]);
    expect(ask('one')).toMatch(/^10\.6\.3\.\d+$/);
    expect(virtnet('diff', 'numbers')).toMatchObject({ status: 0 });
  });

  test('and another one in the same subnet bounces nobody', () => {
    const before = seen('one');
    writeFileSync(
      file,
      `<network><name>numbers</name><forward mode='nat'/><bridge name='vbr0' stp='on'/><domain name='other.test'/>
      <ip address='10.6.3.1' netmask='255.255.255.0'><dhcp><range start='10.6.3.10' end='10.6.3.199'/></dhcp></ip></network>`,
    );
    const { status, stderr } = virtnet('up', '--bounce', file);
    expect([status, stderr.includes('VND017')]).toEqual([0, false]);
    expect(seen('one')).toEqual(before);
  });
});
