import { existsSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { isVirtnetError } from '../../base/errors.ts';
import { inSandbox, runInSandbox } from '../../host/sandbox.ts';
import { loadDocuments } from '../documents.ts';
import { runDemo } from '../demo/demo.ts';
import { FAILED, OK } from '../exit.ts';
import { flag, type Run } from '../verb.ts';

export const run: Run = async (io, [file], options) => {
  const document = file === '-' ? '-' : resolve(file ?? defaultDocument());
  if (!inSandbox(io.env)) {
    // Read first: a document with errors is refused before anything is made. Stdin can be read once only, so it is left to the sandbox.
    if (document !== '-') await loadDocuments(io, [document], flag(options, 'json'), { quiet: false });
    io.err('Making a sandbox: private network, processes and folders\n');
    const args = ['demo', document, ...(flag(options, 'json') ? ['--json'] : [])];
    return runInSandbox({ argv: [process.execPath, process.argv[1] ?? '', ...args], env: io.env });
  }
  const [loaded] = await loadDocuments(io, [document], flag(options, 'json'), { quiet: true });
  if (loaded === undefined) return FAILED;
  try {
    return (await runDemo(io, loaded, { json: flag(options, 'json'), again: nearPath(document) })) ? OK : FAILED;
  } catch (error) {
    // What this host cannot do is no fault of the demo; it has said what the network is for.
    if (!isVirtnetError(error) || !error.code.startsWith('VNC')) throw error;
    io.err(`\nNot shown here: ${error.message}${error.hint === undefined ? '' : ` (${error.hint})`}\n`);
    return OK;
  }
};

/** The example beside the program. */
function defaultDocument(): string {
  const beside = join(dirname(process.argv[1] ?? ''), '..', 'examples', 'default.xml');
  return existsSync(beside) ? beside : 'examples/default.xml';
}

/** A path to type again: from here where the file is below, whole otherwise. */
function nearPath(path: string): string {
  const here = relative(process.cwd(), path);
  return here.startsWith('..') ? path : here;
}
