// last: few hosts have systemd-resolved lead to a network
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { sh } from '../support/driver-documents.ts';
import { systemBus, untilItWorks, whyNoFirewalld } from '../support/firewalld.ts';

/** Where the package is unpacked: installing it would change the machine's own resolver. `/` where it is installed all the same. */
const root = process.env['VIRTNET_TEST_RESOLVED'] ?? '';
const DAEMON = `${root}/lib/systemd/systemd-resolved`;
const reason = existsSync(DAEMON) ? undefined : 'systemd-resolved is neither installed nor unpacked in $VIRTNET_TEST_RESOLVED';
const isSkipped = reason !== undefined || whyNoFirewalld?.startsWith('dbus') === true;

describe.skipIf(isSkipped)(`beside systemd-resolved${reason === undefined ? '' : ` (${reason})`}`, () => {
  let driver: NetworkDriver;
  const daemons: ChildProcess[] = [];
  beforeAll(async () => {
    // The package's user and its policy for the bus, for as long as this test has its mounts.
    sh(`mkdir -p /run/tmp/system.d /run/systemd/resolve; cp /usr/share/dbus-1/system.d/* ${root}/usr/share/dbus-1/system.d/* /run/tmp/system.d/
      mount --bind /run/tmp/system.d /usr/share/dbus-1/system.d
      for f in passwd group; do cp /etc/$f /run/tmp/$f; mount --bind /run/tmp/$f /etc/$f; done
      grep -q ^systemd-resolve: /etc/passwd || { echo systemd-resolve:x:993:993::/:/usr/sbin/nologin >>/etc/passwd; echo systemd-resolve:x:993: >>/etc/group; }
      chown systemd-resolve:systemd-resolve /run/systemd/resolve`);
    writeFileSync('/run/tmp/resolv.conf', 'nameserver 127.0.0.53\n');
    sh('mount --bind /run/tmp/resolv.conf /etc/resolv.conf');
    daemons.push(await systemBus());
    daemons.push(spawn(DAEMON, { stdio: 'ignore' }));
    await untilItWorks('busctl call org.freedesktop.resolve1 /org/freedesktop/resolve1 org.freedesktop.DBus.Peer Ping');
    driver = await openDriver();
  });
  afterAll(async () => {
    await driver[Symbol.asyncDispose]();
    for (const daemon of daemons.toReversed()) daemon.kill();
  });

  test('the host asks a registered network for the names of its domain, nobody asks in a circle, and it ends with the network', async () => {
    const { plan } = await driver.up([
      `<network><name>reg</name><forward mode='nat'/><bridge name='vbr' stp='off'/><domain name='lab.example' localOnly='yes' register='yes'/>
        <dns><host ip='10.104.0.5'><hostname>five</hostname></host></dns><ip address='10.104.0.1' prefix='24'/></network>`,
    ]);
    expect(plan.steps.map(({ op, key }) => `${op} ${key}`)).toContain('create resolved vbr');
    sh('ip netns add g');
    await driver.attach('reg', { owner: { name: 'g' }, attachment: { type: 'netns', netns: 'g' } }); // a bridge without a carrier has no DNS scope
    const ask = (server: string, name: string): string =>
      /status: (\w+)/.exec(sh(`dig +tries=1 +time=10 @${server} ${name}`))?.[1] ?? 'silent';
    await expect.poll(() => sh('dig +short +tries=1 +time=5 @127.0.0.53 five.lab.example'), { timeout: 30_000 }).toBe('10.104.0.5\n');
    // Asked in a circle, a question would be answered by nobody in that time.
    expect([ask('127.0.0.53', 'nobody.lab.example'), ask('10.104.0.1', 'nobody.lab.example')]).toEqual(['NXDOMAIN', 'NXDOMAIN']);
    expect((await driver.diff('reg')).steps).toEqual([]);
    await driver.detach('reg', 'g');
    await driver.stop('reg');
    expect(
      sh('busctl --json=short get-property org.freedesktop.resolve1 /org/freedesktop/resolve1 org.freedesktop.resolve1.Manager Domains'),
    ).not.toContain('lab.example');
    await driver.undefine('reg');
  });
});
