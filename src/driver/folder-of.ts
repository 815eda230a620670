import { resolve } from 'node:path';

const DEFAULTS = { VIRTNET_CONFIG_DIR: '/etc/virtnet', VIRTNET_STATE_DIR: '/var/lib/virtnet', VIRTNET_RUN_DIR: '/run/virtnet' } as const;

/** A folder of virtnet as it is given, else as the environment names it: absolute, for dnsmasq runs elsewhere. An empty variable names none. */
export function folderOf(variable: keyof typeof DEFAULTS, given: string | undefined): string {
  const named = process.env[variable];
  return resolve(given ?? (named === undefined || named === '' ? DEFAULTS[variable] : named));
}
