import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { hasLibvirtZones, whyNoFirewalld } from '../support/firewalld.ts';
import { bundlePath } from '../support/virtnetd.ts';

/** libvirtd beside a firewalld, and virtnetd beside another one: each bridge must come into the same zone. */

const run = promisify(execFile);
const skipped = whyNoFirewalld ?? (hasLibvirtZones ? undefined : 'libvirt brought no zones');

test.skipIf(skipped !== undefined)(
  `bridges come into the zones that libvirt chooses${skipped === undefined ? '' : ` (${skipped})`}`,
  async () => {
    const program = ['sh', 'test/host/rpc/zones.sh'] as const;
    // libvirtd looks for the bus once, when it starts.
    const again =
      'kill $(cat /run/libvirtd.pid); while [ -e /run/libvirtd.pid ]; do sleep 0.1; done; PATH=/run/oracle/bin:$PATH exec libvirtd -d -f /run/oracle/libvirtd.conf';
    const start = `"${process.execPath}" "${bundlePath()}" --libvirt-sockets /run/libvirt &`;
    const env = { ...process.env, LIBVIRT_DEFAULT_URI: 'network:///system' };
    const [libvirt, virtnet] = await Promise.all([
      run('test/oracle/with-libvirtd', [...program, 'sh', '-c', again], { env: { ...env, TMPDIR: '/tmp' } }),
      run('sh', ['scripts/isolated.sh', ...program, 'sh', '-c', start], { env }),
    ]);
    expect(libvirt.stdout).toContain('libvirt-routed');
    expect(virtnet.stdout).toBe(libvirt.stdout);
  },
  120_000,
);
