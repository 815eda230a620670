import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { startVirtnetd } from './virtnetd.ts';

/** A network that hands out addresses; 10.9.0.10 to 10.9.0.20. */
export const LAB = `<network><name>lab</name><forward mode='nat'/><bridge name='vblab' stp='off'/>
  <ip address='10.9.0.1' netmask='255.255.255.0'><dhcp><range start='10.9.0.10' end='10.9.0.20'/></dhcp></ip></network>`;

/** The two roads of the command: by itself, and through a virtnetd that listens in its run folder. */
export const ROADS = ['alone', 'through virtnetd'] as const;

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command on one of the roads, with virtnet folders of its own. */
export interface Road extends AsyncDisposable {
  readonly env: NodeJS.ProcessEnv;
  /** Runs a program there; `more` is added to its environment. */
  readonly run: (command: string, args: readonly string[], more?: NodeJS.ProcessEnv) => Ran;
  readonly virtnet: (...args: string[]) => Ran;
}

export async function takeRoad(road: (typeof ROADS)[number], folder: string): Promise<Road> {
  chmodSync(folder, 0o755); // dnsmasq reads the fixed hosts as a user of its own
  const home = join(folder, road.replaceAll(' ', '-'));
  const daemon = road === 'alone' ? undefined : await startVirtnetd({ folder: home, args: ['--no-autostart'] });
  const folders = { VIRTNET_CONFIG_DIR: join(home, 'etc'), VIRTNET_STATE_DIR: join(home, 'lib'), VIRTNET_RUN_DIR: join(home, 'run') };
  const env = { ...process.env, ...folders };
  const run: Road['run'] = (command, args, more = {}) => {
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', timeout: 60_000, env: { ...env, ...more } });
    return { status, stdout, stderr };
  };
  return {
    env,
    run,
    virtnet: (...args) => run('bin/virtnet', args),
    [Symbol.asyncDispose]: async () => daemon?.[Symbol.asyncDispose](),
  };
}
