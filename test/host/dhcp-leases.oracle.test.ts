import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startVirtnetd } from '../support/virtnetd.ts';

/**
 * virNetworkGetDHCPLeases beside libvirtd's, with the same DHCP clients of both families: every field of every lease, in order. And the files
 * of libvirt's NSS modules, byte for byte, with what the modules make of them.
 */

const run = promisify(execFile);
const LIBVIRT = 'network+unix:///system?socket=/run/libvirt/libvirt-sock';
const PROGRAM = ['/usr/bin/python3', 'test/host/rpc/leases.py'] as const;
const hasPython = spawnSync(PROGRAM[0], ['-c', 'import libvirt'], { stdio: 'ignore' }).status === 0;
const hasModules = readdirSync('/usr/lib').some((folder) => existsSync(join('/usr/lib', folder, 'libnss_libvirt_guest.so.2')));
const NSS_FOLDER = '/var/lib/libvirt/dnsmasq';

test.skipIf(!hasPython)(
  `leases are told as libvirtd tells them (without python3-libvirt this is skipped)${hasModules ? '' : '; libnss-libvirt is not installed and is not asked'}`,
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'virtnetd-'));
    chmodSync(folder, 0o755); // dnsmasq reads the fixed hosts as a user of its own
    // The mounts are this test's own.
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', '/var/lib/libvirt']).status).toBe(0);
    mkdirSync(NSS_FOLDER);
    await using daemon = await startVirtnetd({ folder, args: ['--nss-dir', NSS_FOLDER] });
    const ours = await run(PROGRAM[0], [PROGRAM[1], daemon.uri, 'test/support'], { timeout: 150_000 });
    const theirs = await run('test/oracle/with-libvirtd', [...PROGRAM, LIBVIRT, 'test/support'], { timeout: 150_000 });
    expect(theirs.stdout).toContain(
      "'expirytime': 'for ever', 'type': 0, 'mac': '52:54:00:96:00:03', 'ipaddr': '10.96.0.10', 'prefix': 22",
    );
    expect(theirs.stdout).toContain("'ipaddr': 'fd96::99', 'prefix': 96, 'hostname': 'six', 'clientid': '00:03:00:01:52:54:00:96:00:12'");
    expect(theirs.stdout).toContain('"server-duid": "the server"');
    if (hasModules) expect(theirs.stdout).toContain("libvirt given ['10.96.0.10']\n");
    expect(ours.stdout.split('\n')).toEqual(theirs.stdout.split('\n'));
    rmSync(folder, { recursive: true, force: true });
  },
  320_000,
);
