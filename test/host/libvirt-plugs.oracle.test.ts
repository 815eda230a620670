import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { makeLab, startVirtnetd } from '../support/virtnetd.ts';
import { prepareQemuDriver, whyNoQemuDriver } from '../vm/libvirt-guest.ts';

/**
 * libvirt's own QEMU driver plugs machines into networks of every kind, once of libvirtd and once of virtnetd, changes them while they run and takes them
 * away: each port's document, each interface and each tap must be the same.
 */

const run = promisify(execFile);
const reason = whyNoQemuDriver();

test.skipIf(reason !== undefined)(
  `ports that libvirt's QEMU driver makes${reason === undefined ? '' : ` (${reason})`}`,
  async () => {
    const folder = mkdtempSync('/tmp/plugs-');
    const env = {
      ...process.env,
      // libvirt's driver wants parts of tc that a small kernel lacks.
      PATH: `${resolve('test/oracle/bin')}${delimiter}${process.env['PATH'] ?? ''}`,
      TMPDIR: '/tmp',
      LIBVIRT_DRIVER_DIR: prepareQemuDriver(),
      LIBVIRT_LOG_OUTPUTS: `4:file:${join(folder, 'log')}`,
    };
    const program = (who: string): string => `exec /usr/bin/python3 -B test/host/rpc/machines.py ${join(folder, who)}`;
    // The oracle's daemon loads its own drivers, and is where virtqemud would look for virtnetworkd.
    const beside = `LIBVIRT_DRIVER_DIR=$DRIVERS; export LIBVIRT_DRIVER_DIR; ln -s libvirt-sock /run/libvirt/virtnetworkd-sock; ${program('libvirt')}`;
    const { LIBVIRT_DRIVER_DIR: drivers, ...bare } = env;
    try {
      await using _daemon = await startVirtnetd({ sockets: '/run/libvirt' });
      makeLab();
      const [libvirt, virtnet] = await Promise.all([
        run('test/oracle/with-libvirtd', ['--lab', 'sh', '-c', beside], { env: { ...bare, DRIVERS: drivers } }),
        run('sh', ['-c', program('virtnet')], { env }),
      ]);
      expect(libvirt.stdout.split('\n').length).toBeGreaterThan(500);
      expect(libvirt.stdout).toContain("<plug type='direct' dev='eth24' mode='passthrough'/>");
      expect(virtnet.stdout.split('\n')).toEqual(libvirt.stdout.split('\n'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
  280_000,
);
