import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startVirtnetd } from '../support/virtnetd.ts';

/** virNetworkGetDHCPLeases beside libvirtd's, with the same DHCP clients of both families: every field of every lease, in order. */

const run = promisify(execFile);
const LIBVIRT = 'network+unix:///system?socket=/run/libvirt/libvirt-sock';
const PROGRAM = ['/usr/bin/python3', 'test/host/rpc/leases.py'] as const;
const hasPython = spawnSync(PROGRAM[0], ['-c', 'import libvirt'], { stdio: 'ignore' }).status === 0;

test.skipIf(!hasPython)(
  'leases are told as libvirtd tells them (without python3-libvirt this is skipped)',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'virtnetd-'));
    chmodSync(folder, 0o755); // dnsmasq reads the fixed hosts as a user of its own
    await using daemon = await startVirtnetd({ folder });
    const ours = await run(PROGRAM[0], [PROGRAM[1], daemon.uri, 'test/support'], { timeout: 150_000 });
    const theirs = await run('test/oracle/with-libvirtd', [...PROGRAM, LIBVIRT, 'test/support'], { timeout: 150_000 });
    expect(theirs.stdout).toContain(
      "'expirytime': 'for ever', 'type': 0, 'mac': '52:54:00:96:00:03', 'ipaddr': '10.96.0.10', 'prefix': 22",
    );
    expect(theirs.stdout).toContain("'ipaddr': 'fd96::99', 'prefix': 96, 'hostname': 'six', 'clientid': '00:03:00:01:52:54:00:96:00:12'");
    expect(ours.stdout.split('\n')).toEqual(theirs.stdout.split('\n'));
    rmSync(folder, { recursive: true, force: true });
  },
  320_000,
);
