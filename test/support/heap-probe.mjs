/**
 * Loaded into a daemon by NODE_OPTIONS=--import: on SIGUSR2 it collects garbage and writes what is left, in bytes, to the file that HEAP_PROBE
 * names. Resident memory says how much V8 has asked for, this how much is in use.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => {
  collect();
  collect();
  writeFileSync(`${process.env.HEAP_PROBE}.new`, String(process.memoryUsage().heapUsed));
  renameSync(`${process.env.HEAP_PROBE}.new`, process.env.HEAP_PROBE);
});
