import { isAbsolute } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { OK, USAGE } from '../cli/exit.ts';
import { logLevels, type LogLevel } from './log.ts';

/** What the command line and the environment of virtnetd say. Folders are absolute. */
export interface DaemonOptions {
  readonly libvirtSockets: string;
  readonly configDir: string;
  readonly stateDir: string;
  readonly runDir: string;
  /** Absent: nothing is written there. */
  readonly nssDir?: string;
  readonly socketGroup?: string;
  readonly logLevel: LogLevel;
  readonly autostart: boolean;
  readonly watch: boolean;
}

/** The command line of virtnetd; an option wins over its environment variable. A wrong one ends the process with the exit code that `virtnet` has for it. */
export function daemonCommand(version: string, run: (options: DaemonOptions) => Promise<void>): Command {
  return new Command('virtnetd')
    .description("Runs libvirt-style virtual networks and serves libvirt's network protocol. Stays in the foreground.")
    .version(version)
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? OK : USAGE))
    .addOption(
      folder(
        '--libvirt-sockets <dir>',
        'folder of the sockets of virsh and virt-admin (virtnetworkd-sock and others)',
        '/run/libvirt',
        'VIRTNET_LIBVIRT_SOCKETS',
      ),
    )
    .addOption(folder('--config-dir <dir>', 'definitions and autostart links', '/etc/virtnet', 'VIRTNET_CONFIG_DIR'))
    .addOption(folder('--state-dir <dir>', 'leases', '/var/lib/virtnet', 'VIRTNET_STATE_DIR'))
    .addOption(folder('--run-dir <dir>', 'running networks, locks, the HTTP socket', '/run/virtnet', 'VIRTNET_RUN_DIR'))
    .addOption(
      folder(
        '--nss-dir <dir>',
        "keep leases and guests' names for libnss-libvirt here (/var/lib/libvirt/dnsmasq)",
        undefined,
        'VIRTNET_NSS_DIR',
      ),
    )
    .option('--socket-group <group>', 'let this group use the read-write socket (mode 0660; otherwise only root, 0600)')
    .addOption(new Option('--log-level <level>', 'least important lines to write').choices(logLevels).default('info'))
    .option('--no-autostart', 'start no networks')
    .option('--no-watch', 'repair nothing unasked')
    .addHelpText('after', '\nExample:\n  virtnetd --libvirt-sockets /run/libvirt --log-level debug')
    .action((options: DaemonOptions) => run(options));
}

function folder(flags: string, description: string, fallback: string | undefined, variable: string): Option {
  return new Option(flags, description)
    .default(fallback)
    .env(variable)
    .argParser((path) => {
      if (!isAbsolute(path)) throw new InvalidArgumentError('It must be an absolute path.');
      return path;
    });
}
