import { connect } from './connect.ts';
import { processIo } from './io.ts';

/** Entry of the bundle. The helper of the demo is a process of its own and starts without the parser. */
async function main(): Promise<void> {
  if (process.argv[2] === '__probe') {
    const { serveProbe } = await import('./demo/probe.ts');
    serveProbe();
    return;
  }
  const { runProgram } = await import('./program.ts');
  process.exitCode = await runProgram(process.argv.slice(2), processIo(connect));
}

await main();
