import { spawn } from 'node:child_process';

/**
 * Tells systemd about this process (sd_notify(3)) through `systemd-notify`, since Node has no unix datagrams. Does nothing where no
 * service manager asks for it. Never fails: a daemon that cannot say that it is ready still serves.
 */
export function notifyServiceManager(env: Readonly<Record<string, string | undefined>>, state: 'ready' | 'stopping'): Promise<void> {
  if (env['NOTIFY_SOCKET'] === undefined) return Promise.resolve();
  const told = state === 'ready' ? ['--ready'] : ['STOPPING=1'];
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', [`--pid=${process.pid}`, ...told], { stdio: 'ignore' });
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
}
