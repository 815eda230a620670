import { spawn } from 'node:child_process';
import { VirtnetError } from '../base/errors.ts';

export interface SandboxRequest {
  /** Program and arguments to run inside; no shell reads them. */
  readonly argv: readonly [string, ...string[]];
  /** The environment inside; the sandbox adds its own folders to it. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** The folders that virtnet uses inside a sandbox, and the mark by which it knows that it is in one. */
const INSIDE: Readonly<Record<string, string>> = {
  VIRTNET_SANDBOX: '1',
  VIRTNET_CONFIG_DIR: '/run/sandbox/config',
  VIRTNET_STATE_DIR: '/run/sandbox/state',
  VIRTNET_RUN_DIR: '/run/sandbox/run',
  TMPDIR: '/run/sandbox/tmp',
};

/**
 * Runs first inside the new namespaces; its first argument are folders of /run to keep. /run is private, so that `ip netns add` names
 * nothing outside; /sys is mounted anew because an old mount shows the links of the namespace it was made in; /etc/resolv.conf is a copy,
 * because DHCP clients write it. A byte on descriptor 3 tells that all of it worked.
 */
const PREPARE = `set -e
keep=$1; shift; fd=4
mount --make-rprivate /
for d in $keep; do eval "exec $fd</run/$d"; fd=$((fd + 1)); done
mount -t tmpfs -o mode=755 sandbox /run
mount -t sysfs sysfs /sys 2>/dev/null || true
fd=4
for d in $keep; do mkdir "/run/$d"; mount -c --rbind "/proc/self/fd/$fd" "/run/$d"; eval "exec $fd<&-"; fd=$((fd + 1)); done
mkdir -p /run/netns /run/lock /run/sandbox/config /run/sandbox/state /run/sandbox/run /run/sandbox/tmp
chmod 1777 /run/lock /run/sandbox/tmp
if [ -f /etc/resolv.conf ]; then cp /etc/resolv.conf /run/sandbox/ && mount --bind /run/sandbox/resolv.conf /etc/resolv.conf; fi
ip link set lo up
printf . >&3
exec 3>&-
exec "$@"`;

/** Folders directly below /run that the command needs: the one it starts in, and those of paths among its words. At most five. */
function keptOfRun(argv: readonly string[]): string {
  const names = [process.cwd(), ...argv].flatMap((word) => /^\/run\/([\w.-]+)(?:\/|$)/.exec(word)?.[1] ?? []);
  return [...new Set(names)]
    .filter((name) => !['netns', 'lock', 'sandbox', '.', '..'].includes(name))
    .slice(0, 5)
    .join(' ');
}

/**
 * Runs a command in network, mount and process namespaces of its own (and a user namespace, where the caller is not root), with private
 * virtnet folders and this process's terminal. All of it ends with the command. Returns its exit code (128 + n for signal n).
 * @throws VirtnetError VNH002 without `unshare`, VNH003 where namespaces may not be made.
 */
export function runInSandbox(request: SandboxRequest): Promise<number> {
  const isRoot = process.geteuid?.() === 0;
  const namespaces = [
    ...(isRoot ? [] : ['--user', '--map-root-user']),
    '--net',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
  ];
  const path = [request.env['PATH'] ?? '', '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin'].filter((p) => p !== '').join(':');
  return new Promise((resolve, reject) => {
    const child = spawn('unshare', [...namespaces, 'sh', '-c', PREPARE, 'sandbox', keptOfRun(request.argv), ...request.argv], {
      env: { ...request.env, ...INSIDE, PATH: path },
      stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    });
    let ready = false;
    child.stdio[3]?.on('data', () => {
      ready = true;
    });
    // A terminal sends Ctrl-C to the command itself, which decides. unshare holds back SIGTERM, so the end is a kill of the namespace's
    // first process by way of --kill-child.
    const ignore = (): void => undefined;
    const end = (): void => void child.kill('SIGKILL');
    process.on('SIGINT', ignore).on('SIGQUIT', ignore).on('SIGTERM', end).on('SIGHUP', end);
    const release = (): void => {
      process.off('SIGINT', ignore).off('SIGQUIT', ignore).off('SIGTERM', end).off('SIGHUP', end);
    };
    child.on('error', (cause) => {
      release();
      reject(
        new VirtnetError({
          code: 'VNH002',
          message: "the program 'unshare' could not be started",
          hint: 'apt-get install util-linux',
          cause,
        }),
      );
    });
    child.on('close', (code, signal) => {
      release();
      if (!ready && signal === null) reject(refusal(isRoot));
      else resolve(code ?? 128 + (signal === 'SIGKILL' ? 9 : 15));
    });
  });
}

/** True inside a sandbox of `runInSandbox`. */
export function inSandbox(env: Readonly<Record<string, string | undefined>>): boolean {
  return env['VIRTNET_SANDBOX'] === '1';
}

function refusal(isRoot: boolean): VirtnetError {
  return new VirtnetError({
    code: 'VNH003',
    message: 'this machine does not let us make namespaces of our own (its words are above)',
    hint: isRoot
      ? 'in a container, allow CAP_SYS_ADMIN and CAP_NET_ADMIN (docker run --privileged)'
      : 'run it as root, or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1, and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0',
  });
}
