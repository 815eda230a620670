// last: users seldom lack inotify
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

/** Runs a script in namespaces of a user who can have no inotify instance: the limit is a user namespace's (inotify(7), user_namespaces(7)). */
function withoutInotify(script: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const inside = `echo 0 >/proc/sys/user/max_inotify_instances; export PATH="$PWD/bin:$PATH"; ${script}`;
  const env = { ...process.env, VIRTNET_ISOLATED: '' };
  return spawnSync('unshare', ['--user', '--map-root-user', 'sh', 'scripts/isolated.sh', 'sh', '-ec', inside], { encoding: 'utf8', env });
}
const isHere = withoutInotify('true').status === 0;

describe.skipIf(!isHere)(`a user without inotify instances${isHere ? '' : ' (user namespaces cannot be made here)'}`, () => {
  const subnets = [1, 2, 3].map((n) => `10.101.${String(n)}`);
  const document = (subnet: string, n: number): string =>
    `<network><name>w${String(n)}</name><forward mode='nat'/><bridge name='vbw${String(n)}' stp='off'/>
      <dns><host ip='${subnet}.5'><hostname>five</hostname></host></dns>
      <ip address='${subnet}.1' prefix='24'><dhcp><range start='${subnet}.10' end='${subnet}.20'/></dhcp></ip></network>`;

  test('cannot run a dnsmasq that watches a resolv.conf', () => {
    const options = '--no-daemon --port=5353 --listen-address=127.0.0.1 --bind-interfaces --conf-file=/dev/null --user=root';
    const ran = withoutInotify(`dnsmasq ${options}`);
    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toContain('inotify');
  });

  test('can run networks', () => {
    const ran = withoutInotify(
      subnets.map((subnet, n) => `cat >$TMPDIR/${String(n)}.xml <<'END'\n${document(subnet, n)}\nEND\n`).join('') +
        `virtnet up $TMPDIR/0.xml $TMPDIR/1.xml $TMPDIR/2.xml
         ${subnets.map((subnet) => `dig +short @${subnet}.1 five`).join('\n')}`,
    );
    expect(ran.status, ran.stderr).toBe(0);
    for (const subnet of subnets) expect(ran.stdout).toContain(`\n${subnet}.5\n`);
  });
});
