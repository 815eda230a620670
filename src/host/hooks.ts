import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { access, constants as fsConstants, readdir, stat } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { VirtnetError } from '../base/errors.ts';

/** What a hook is told: libvirt's words and order of arguments (libvirt.org/hooks.html, "network"). */
export interface HookCall {
  readonly network: string;
  readonly operation: 'start' | 'started' | 'stopped' | 'updated' | 'port-created' | 'port-deleted';
  readonly suboperation: 'begin' | 'end';
  /** Writes the network's document, without an XML declaration: only asked where there is a script. */
  readonly networkXml: () => string;
  /** The port's document, for the port operations. */
  readonly portXml?: string;
}

/** The longest that a hook may take. Milliseconds. */
const HOOK_TIMEOUT_MS = 60_000;
/** As much of what a hook prints on stderr is kept. Characters. */
const WORDS = 2000;

/**
 * Runs `${folder}/network` and then the executable files of `${folder}/network.d` in the order of their names, each with the arguments
 * `NETWORK OPERATION SUBOPERATION -` and `<hookData>` on its standard input. Does nothing where there are none.
 * @throws VirtnetError VNH006 with the hook's own words when one exits with another status than 0 or takes too long; those after it are
 * not run.
 */
export async function runHooks(folder: string, call: HookCall): Promise<void> {
  for (const file of await hookFiles(folder)) await runHook(file, call);
}

/** The scripts that `runHooks` would run. */
export async function hookFiles(folder: string): Promise<readonly string[]> {
  if (!existsSync(folder)) return [];
  const many = join(folder, 'network.d');
  const names = await readdir(many).catch(() => []);
  const candidates = [join(folder, 'network'), ...names.sort().map((name) => join(many, name))];
  const usable = await Promise.all(candidates.map(isExecutableFile));
  return candidates.filter((_, i) => usable[i]);
}

async function isExecutableFile(path: string): Promise<boolean> {
  try {
    await access(path, fsConstants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false; // not there, or nobody may run it
  }
}

/** The document on a hook's standard input. */
function hookData(call: HookCall): string {
  const indent = (xml: string): string => xml.trimEnd().replace(/^(?=.)/gm, '  ');
  return `<hookData>\n${[call.networkXml(), ...(call.portXml === undefined ? [] : [call.portXml])].map((xml) => `${indent(xml)}\n`).join('')}</hookData>`;
}

function runHook(file: string, call: HookCall): Promise<void> {
  return new Promise((resolve, reject) => {
    const child: ChildProcess = spawn(file, [call.network, call.operation, call.suboperation, '-'], {
      stdio: ['pipe', 'ignore', 'pipe'],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      timeout: HOOK_TIMEOUT_MS,
      killSignal: 'SIGKILL',
    });
    let words = '';
    child.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString('utf8')).slice(0, WORDS)));
    // A hook need not read its input.
    child.stdin?.on('error', () => undefined);
    const refuse = (reason: string, libvirt: string): void => {
      const command = [file, call.network, call.operation, call.suboperation, '-'].join(' ');
      const why = words === '' ? '' : `: ${words}`;
      reject(hookError(file, `${reason}${why.trimEnd()}`, `Child process (${command}) unexpected ${libvirt}${why}`));
    };
    child.on('error', (cause) => reject(hookError(file, cause.message, cause.message)));
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else if (signal === null) refuse(`exit status ${String(code)}`, `exit status ${String(code)}`);
      else refuse(`ended by ${signal}`, `fatal signal ${String(constants.signals[signal])}`);
    });
    child.stdin?.end(hookData(call));
  });
}

/** `detail`: what libvirt says of a hook that fails, without the environment that it gives to hooks. */
function hookError(file: string, reason: string, detail: string): VirtnetError {
  return new VirtnetError({
    code: 'VNH006',
    message: `hook ${file} refused: ${reason}`,
    hint: 'mend the script, or take it out of the hooks folder',
    // VIR_ERR_HOOK_SCRIPT_FAILED, VIR_FROM_HOOK.
    libvirt: { code: 70, domain: 37, message: `internal error: ${detail}` },
    details: { file },
  });
}
