// last: disks are seldom full
// root: a file system of few pages
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { fill, folders, mend, mountSmall, unmount, ways, type Folder } from '../support/disk.ts';
import { sh } from '../support/driver-documents.ts';
import { hostSnapshot } from '../support/host-snapshot.ts';

/**
 * A disk that is full, or read-only, through the whole command. Each folder is a file system of its own, of a few pages. What cannot be
 * stored is refused and the host is as before; what takes things away works as long as something can be written at all.
 */
const all = Object.keys(folders) as readonly Folder[];

interface Ran {
  readonly status: number | null;
  readonly out: string;
}

function virtnet(...args: string[]): Ran {
  const { status, stdout, stderr } = spawnSync('bin/virtnet', args, { encoding: 'utf8', timeout: 60_000 });
  return { status, out: stdout + stderr };
}

function ok(...args: string[]): void {
  expect(virtnet(...args), args.join(' ')).toMatchObject({ status: 0 });
}

const uuid = (n: number): string => `11111111-2222-4333-8444-55555555555${String(n)}`;
const document = (n: number, end = 20): string => `<network>
  <name>n${String(n)}</name>
  <uuid>${uuid(n)}</uuid>
  <forward mode='nat'/>
  <bridge name='vb${String(n)}' stp='off'/>
  <mac address='52:54:00:00:aa:0${String(n)}'/>
  <domain name='n${String(n)}.test'/>
  <ip address='10.9.${String(n)}.1' prefix='24'><dhcp><range start='10.9.${String(n)}.10' end='10.9.${String(n)}.${String(end)}'/></dhcp></ip>
</network>
`;
const host = (n: number): string => `<host mac='52:54:00:00:00:0${String(n)}' ip='10.9.1.${String(n)}'/>`;
const file = (name: string): string => join(process.env['TMPDIR'] ?? '/tmp', `${name}.xml`);
const mounts = (): string => sh('cat /proc/self/mounts');
beforeAll(() => {
  for (const n of [1, 2, 3]) writeFileSync(file(`n${String(n)}`), document(n));
  writeFileSync(file('n1-edited'), document(1, 30));
  sh('ip netns add g1; ip netns add g2');
});
/** n1 runs with a guest, n2 is defined. */
beforeEach(() => {
  for (const folder of all) mountSmall(folder);
  ok('up', file('n1'), '--yes');
  ok('define', file('n2'));
  ok('attach', 'n1', '--netns', 'g1', '--mac', '52:54:00:00:00:11');
});
afterEach(() => {
  for (const folder of all) mend(folder);
  for (const n of ['n1', 'n2', 'n3']) virtnet('stop', n);
  expect(virtnet('diff')).toMatchObject({ status: 0 });
  for (const folder of all) unmount(folder);
  expect(mounts()).not.toContain(folders.run);
});

const stores: readonly (readonly [string, readonly string[]])[] = [
  ['define of another network', ['define', file('n3')]],
  ['up of another network', ['up', file('n3')]],
  ['up of an edited document', ['up', file('n1-edited')]],
  ['update of both documents', ['update', 'n1', 'add', 'ip-dhcp-host', host(5), '--live', '--config']],
  ['autostart', ['autostart', 'n2']],
];
const starts: readonly (readonly [string, readonly string[]])[] = [
  ['start', ['start', 'n2']],
  ['attach', ['attach', 'n1', '--netns', 'g2']],
  ['up of another network', ['up', file('n3')]],
  ['up of an edited document', ['up', file('n1-edited')]],
  ['update of the live document', ['update', 'n1', 'add', 'ip-dhcp-host', host(4), '--live']],
  ['update of both documents', ['update', 'n1', 'add', 'ip-dhcp-host', host(5), '--live', '--config']],
];

describe.each([
  ['config', stores],
  ['run', starts],
] as const)('the %s folder', (folder, calls) => {
  test.each(['full', 'read-only'] as const)('%s: what has to be stored is refused with its name, and nothing is changed', (way) => {
    const words = way === 'full' ? 'no space left on device' : 'read-only file system';
    ways[way](folder);
    const before = hostSnapshot();
    for (const [what, args] of calls) {
      if (way === 'full' && what === 'autostart') continue; // a link takes no room
      const { status, out } = virtnet(...args);
      expect(status, what).toBe(1);
      expect(out.toLowerCase(), what).toContain(words);
      expect(out, what).toMatch(/error: cannot (store the change|lock).*\[VN(D009|H001)\]\n +hint: /);
      expect(out, what).toContain(folders[folder]);
      expect(hostSnapshot(), what).toEqual(before);
    }
    expect(virtnet('diff')).toMatchObject({ status: 0 });
    mend(folder);
    for (const [what, args] of calls) expect(virtnet(...args).status, `${what}, with room again`).toBe(0);
    expect(virtnet('diff')).toMatchObject({ status: 0 });
  });

  test('full: what is there can be looked at, mended and taken away', () => {
    fill(folder);
    sh('ip address del 10.9.1.1/24 dev vb1; nft flush ruleset');
    expect(virtnet('diff', 'n1').out).toContain('+ address 10.9.1.1/24 on vb1');
    for (const look of ['list', 'show', 'ports', 'leases', 'dumpxml'])
      expect(virtnet(look, ...(look === 'list' ? [] : ['n1'])), look).toMatchObject({ status: 0 });
    ok('repair');
    expect(virtnet('diff')).toMatchObject({ status: 0 });
    ok('detach', 'n1', 'g1');
    ok('undefine', 'n2');
    ok('stop', 'n1');
    expect(virtnet('list').out).toMatch(/^n1 +stopped/m);
    expect(sh('ip -brief link').trim().split('\n')).toHaveLength(1);
    expect(sh('nft list tables')).toBe('');
  });

  test.each(calls.filter(([what]) => what !== 'autostart' && !what.startsWith('up of another')))(
    'with any number of pages left, %s is done whole or not at all',
    (what, args) => {
      let done = false;
      for (let free = 0; !done; free++) {
        fill(folder, free);
        const before = hostSnapshot();
        const { status, out } = virtnet(...args);
        done = status === 0;
        if (!done) {
          expect(out, `${what}, ${String(free)} pages`).toMatch(/no space left on device/i);
          const after = hostSnapshot();
          expect(after, `${what}, ${String(free)} pages`).toEqual(before);
        }
        mend(folder);
        expect(free).toBeLessThan(40);
      }
      expect(virtnet('diff').out, what).toContain('No changes');
    },
  );
});

describe('the config folder alone', () => {
  test.each(['full', 'read-only'] as const)(
    '%s: what stores no definition is done: start, attach, a live update, repair, detach and stop',
    (way) => {
      ways[way]('config');
      const definitions = hostSnapshot().files;
      const stored = Object.keys(definitions).filter((path) => path.startsWith(folders.config));
      ok('start', 'n2');
      ok('attach', 'n2', '--netns', 'g2', '--owner', 'two');
      ok('update', 'n1', 'add', 'ip-dhcp-host', host(4), '--live');
      sh('ip address del 10.9.1.1/24 dev vb1; nft flush ruleset');
      ok('repair');
      expect(virtnet('diff')).toMatchObject({ status: 0 });
      ok('detach', 'n2', 'two');
      ok('detach', 'n1', 'g1');
      ok('stop', 'n1');
      ok('stop', 'n2');
      expect(sh('ip -brief link').trim().split('\n')).toHaveLength(1);
      const now = hostSnapshot().files;
      for (const path of stored) expect(now[path], path).toBe(definitions[path]);
    },
  );
});

describe('what takes away', () => {
  test.each([
    ['config', [['undefine', 'n2']]],
    ['run', [['stop', 'n1'], ['detach', 'n1', 'g1'], ['repair'], ['undefine', 'n2']]],
  ] as const)('is refused where the %s folder is read-only, and nothing is changed', (folder, calls) => {
    sh('ip address del 10.9.1.1/24 dev vb1');
    ways['read-only'](folder);
    const before = hostSnapshot();
    for (const args of calls) {
      const { status, out } = virtnet(...args);
      expect(status, args.join(' ')).toBe(1);
      expect(out.toLowerCase(), args.join(' ')).toContain('read-only file system');
      expect(out, args.join(' ')).toContain(folders[folder]);
      expect(hostSnapshot(), args.join(' ')).toEqual(before);
    }
    mend(folder);
    ok('repair');
  });
});

describe('the state folder', () => {
  test.each(['full', 'read-only'] as const)('%s: networks start, serve and stop; only leases are not kept', (way) => {
    ways[way]('state');
    ok('start', 'n2');
    ok('attach', 'n2', '--netns', 'g2', '--mac', '52:54:00:00:00:22');
    sh('ip -n g2 link set eth0 up');
    const client = spawnSync('ip', 'netns exec g2 udhcpc -i eth0 -f -q -n -t 10 -T 1 -s /bin/true'.split(' '), { encoding: 'utf8' });
    expect(client.stderr + client.stdout).toMatch(/lease of 10\.9\.2\.\d+ obtained/);
    expect(virtnet('leases', 'n2')).toMatchObject({ status: 0 });
    expect(virtnet('diff')).toMatchObject({ status: 0 });
    ok('stop', 'n2');
    ok('stop', 'n1');
    expect(sh('ip -brief link show type bridge')).toBe('');
  });
});
