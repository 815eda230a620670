import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Guest, whyNoGuests } from './guest.ts';

/** Where libvirt's own QEMU driver is unpacked. */
function qemuDriver(): string {
  return execFileSync('sh', ['test/oracle/qemu-driver.sh', '--where'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** Why libvirt cannot start a machine here; undefined when it can. */
export function whyNoLibvirtGuests(): string | undefined {
  return whyNoGuests() ?? whyNoQemuDriver();
}

/** Why libvirt's QEMU driver cannot be loaded here; undefined when it can. */
export function whyNoQemuDriver(): string | undefined {
  const { status, stderr } = spawnSync('sh', ['test/oracle/qemu-driver.sh', '--where'], { encoding: 'utf8' });
  return status === 0 ? undefined : stderr.trim();
}

/** Makes this mount namespace fit for the QEMU driver, and gives the folder of modules that holds it alone: no driver of networks is in reach then. */
export function prepareQemuDriver(): string {
  execFileSync('sh', ['test/oracle/qemu-user.sh']);
  return execFileSync('find', [qemuDriver(), '-name', 'libvirt_driver_qemu.so', '-printf', '%h'], { encoding: 'utf8' });
}

/**
 * Boots a machine by libvirt's own QEMU driver, in a process of its own (virt-qemu-run). Its networks are those of the daemon that listens at
 * libvirt's socket, as with virtqemud. `interfaces` is libvirt's XML.
 */
export function bootByLibvirt(name: string, interfaces: string): Promise<Guest> {
  const modules = prepareQemuDriver();
  const root = mkdtempSync(join(tmpdir(), 'libvirt-'));
  for (const dir of ['etc', 'log/qemu']) mkdirSync(join(root, dir), { recursive: true });
  copyFileSync(join(import.meta.dirname, 'qemu.conf'), join(root, 'etc/qemu.conf'));
  return Guest.boot({
    name,
    start: (boot) => {
      const file = join(root, 'domain.xml');
      writeFileSync(
        file,
        `<domain type='qemu'><name>${name}</name><memory unit='MiB'>256</memory><cpu mode='maximum'/>
          <os><type arch='x86_64' machine='pc'>hvm</type><kernel>${boot.kernel}</kernel><initrd>${boot.initrd}</initrd><cmdline>${boot.append}</cmdline></os>
          <features><acpi/></features>
          <devices><emulator>/usr/bin/qemu-system-x86_64</emulator>${interfaces}
            <serial type='file'><source path='${boot.console}'/><target port='0'/></serial>
            <serial type='unix'><source mode='bind' path='${boot.agent}'/><target port='1'/></serial>
          </devices></domain>`,
      );
      return spawn(join(qemuDriver(), 'usr/bin/virt-qemu-run'), ['-r', root, file], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env: { ...process.env, LIBVIRT_DRIVER_DIR: modules, LIBVIRT_LOG_OUTPUTS: '3:stderr' },
      });
    },
  });
}
