import { connect } from '../driver/connect.ts';
import { processIo } from './io.ts';

/** Entry of the bundle. The helper of the demo and the names for completion start without the parser. */
async function main(): Promise<void> {
  if (process.argv[2] === '__probe') {
    const { serveProbe } = await import('./demo/probe.ts');
    serveProbe();
    return;
  }
  if (process.argv[2] === '__names') {
    await using driver = await connect();
    process.stdout.write((await driver.list()).map(({ name }) => `${name}\n`).join(''));
    return;
  }
  const { runProgram } = await import('./program.ts');
  process.exitCode = await runProgram(process.argv.slice(2), processIo(connect));
}

// Not awaited here: the bundle is CommonJS, whose start is 10 ms faster and takes what V8 made of it (scripts/lib/start.cjs).
void main();
