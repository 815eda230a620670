import { spawn } from 'node:child_process';

type Environment = Readonly<Record<string, string | undefined>>;

/** What a service manager is told of a daemon, in the words of sd_notify(3). */
const words = {
  ready: ['READY=1'],
  reloading: ['RELOADING=1'],
  stopping: ['STOPPING=1'],
  alive: ['WATCHDOG=1'],
} as const;

/**
 * Tells systemd about this process through `systemd-notify`, since Node has no unix datagrams. Does nothing where no service manager
 * asks for it. Never fails: a daemon that cannot say that it is ready still serves.
 */
export function notifyServiceManager(env: Environment, state: keyof typeof words): Promise<void> {
  const socket = env['NOTIFY_SOCKET'];
  if (socket === undefined) return Promise.resolve();
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...words[state]], {
      stdio: 'ignore',
      env: { PATH: env['PATH'] ?? '/usr/bin:/bin', NOTIFY_SOCKET: socket },
    });
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
}

/**
 * Tells the service manager that this process is alive, twice as often as it wants to hear (`WATCHDOG_USEC`, for the process that `WATCHDOG_PID`
 * names). A process whose event loop hangs falls silent and is started again.
 * @returns the function that ends it.
 */
export function keepWatchdogQuiet(env: Environment, pid: number): () => void {
  const micros = Number(env['WATCHDOG_USEC'] ?? 0);
  const forUs = env['WATCHDOG_PID'] === undefined || Number(env['WATCHDOG_PID']) === pid;
  if (!forUs || !Number.isFinite(micros) || micros <= 0) return () => undefined;
  const timer = setInterval(() => void notifyServiceManager(env, 'alive'), micros / 2000);
  timer.unref();
  return () => clearInterval(timer);
}
