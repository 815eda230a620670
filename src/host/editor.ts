import { spawn } from 'node:child_process';
import { VirtnetError } from '../base/errors.ts';

/**
 * The user's editor: a command line, for which a shell is asked as by other programs (`EDITOR='code --wait'`), else what Debian's policy (11.4)
 * names, else vi, which POSIX knows. The file stays an argument of its own.
 */
const OPEN = `e=\${VISUAL:-\${EDITOR:-}}
if [ -z "$e" ]; then for e in sensible-editor editor vi; do command -v "$e" >/dev/null && break; e=; done; fi
if [ -z "$e" ]; then exit 127; fi
trap : INT QUIT
eval "$e \\"\\$1\\""`;

/** The exit code by which a shell tells that there is no such program. */
const NOT_FOUND = 127;

/**
 * Opens a file in the user's editor and waits for its end. What it says, and its screen, goes to stderr: stdout is for data.
 * @throws VirtnetError VNH002 where there is no editor, VNH001 where it ends with another exit code than 0.
 */
export function openEditor(path: string, env: Readonly<Record<string, string | undefined>>): Promise<void> {
  // A terminal sends Ctrl-C to the editor as well, which decides; the shell's trap is not inherited.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore).on('SIGQUIT', ignore); // first: a busy machine runs the editor before this process goes on
  const child = spawn('sh', ['-c', OPEN, 'virtnet', path], { stdio: ['inherit', 2, 2], env: { ...env } });
  return new Promise<void>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(code === NOT_FOUND ? noEditor(env) : failed(signal ?? `exit code ${String(code)}`));
    });
  }).finally(() => void process.off('SIGINT', ignore).off('SIGQUIT', ignore));
}

function noEditor({ VISUAL, EDITOR }: Readonly<Record<string, string | undefined>>): VirtnetError {
  const named = VISUAL || EDITOR; // an empty one names none
  return new VirtnetError({
    code: 'VNH002',
    message: named ? `there is no editor '${named}'` : 'there is no editor on this host',
    hint: named ? 'have VISUAL or EDITOR name one that is installed' : 'set EDITOR, or apt-get install nano',
  });
}

function failed(how: string): VirtnetError {
  return new VirtnetError({
    code: 'VNH001',
    message: `the editor ended with ${how}`,
    hint: 'nothing is taken over from an editor that failed',
  });
}
