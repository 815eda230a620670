import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { whyNoOvs } from '../support/ovs.ts';
import { startVirtnetd } from '../support/virtnetd.ts';
import { whyNoVirtqemud } from '../vm/virtqemud.ts';

/**
 * libvirt's QEMU driver as a daemon, once with virtnetd beside it (as virtqemud) and once with libvirt's own networks (libvirtd): machines that run are
 * changed, saved and restored, ports are deleted and networks stopped under them, and the daemon is started again each time. One of the networks is of
 * Open vSwitch.
 */

const run = promisify(execFile);
const reason = whyNoVirtqemud() ?? whyNoOvs();
const PROGRAM = ['/usr/bin/python3', '-B', 'test/host/rpc/running_machines.py'];

test.skipIf(reason !== undefined)(
  `machines of virtqemud go on as those of libvirtd do${reason === undefined ? '' : ` (${reason})`}`,
  async () => {
    await using _daemon = await startVirtnetd({ sockets: '/run/libvirt' });
    const [libvirt, virtnet] = await Promise.all([run('sh', ['scripts/isolated.sh', ...PROGRAM, '--with-networks']), run('env', PROGRAM)]);
    expect(libvirt.stdout.split('\n').length).toBeGreaterThan(2000);
    expect(libvirt.stdout.match(/the same ports: True 8/g)).toHaveLength(3);
    expect(virtnet.stdout.split('\n')).toEqual(libvirt.stdout.split('\n'));
  },
  280_000,
);
