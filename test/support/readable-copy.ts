import { execFileSync } from 'node:child_process';

/**
 * A copy of the built program that every user may run, for tests as somebody else: the checkout itself may be below a folder that is closed to
 * them, as root's home is. Gives its folder, which goes with the test's namespaces.
 */
export function readableCopy(folder = '/run/readable'): string {
  execFileSync('sh', ['-c', 'mkdir -p "$0/dist"; cp -r bin libexec examples "$0"; cp dist/virtnet* "$0/dist"; chmod -R a+rX "$0"', folder]);
  return folder;
}
