import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';

const RUN = '/run/openvswitch';

/** Why no Open vSwitch can be started here; undefined when one can. */
export function whyNoOvs(): string | undefined {
  try {
    execFileSync('ovs-vsctl', ['--version'], { stdio: 'ignore' });
    execFileSync('sh', ['-c', 'command -v ovsdb-server && command -v ovs-vswitchd'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'Open vSwitch is not installed: apt-get install openvswitch-switch';
  }
}

/** A real Open vSwitch of the test's own, on a private /run. Ends with the function that it returns. */
export function startOvs(): () => void {
  mkdirSync(RUN, { recursive: true });
  const exec = (command: string, ...args: string[]): void => void execFileSync(command, args, { stdio: 'pipe' });
  exec('ovsdb-tool', 'create', `${RUN}/conf.db`, '/usr/share/openvswitch/vswitch.ovsschema');
  const daemon = (name: string): string[] => ['--detach', `--pidfile=${RUN}/${name}.pid`, `--log-file=${RUN}/${name}.log`];
  exec('ovsdb-server', `${RUN}/conf.db`, `--remote=punix:${RUN}/db.sock`, ...daemon('ovsdb-server'));
  exec('ovs-vsctl', '--no-wait', 'init');
  exec('ovs-vswitchd', `unix:${RUN}/db.sock`, ...daemon('ovs-vswitchd'));
  return () => {
    exec('ovs-appctl', '--target', 'ovs-vswitchd', 'exit', '--cleanup');
    exec('ovs-appctl', '--target', 'ovsdb-server', 'exit');
    rmSync(RUN, { recursive: true, force: true });
  };
}

/** Runs ovs-vsctl(8) and gives what it prints. */
export function vsctl(...args: string[]): string {
  return execFileSync('ovs-vsctl', args, { encoding: 'utf8' }).trim();
}
