/**
 * A process that carries out one call of the driver and kills itself at a given moment.
 *   node driver-child.mjs CALL STEP before|after [DOCUMENT... | NETWORK... | NETWORK REQUEST | NETWORK PORT]
 * STEP -1 lives through the call. Prints the number of steps.
 */
import { openDriver } from '../../src/driver/open.ts';
import type { AttachRequest, NetworkDriver } from '../../src/driver/driver.ts';
import { linuxHost } from '../../src/host/linux-host.ts';
import { PATIENCE_MS, waitedFor } from './patience.ts';

const [call = '', at = '-1', moment = 'before', ...args] = process.argv.slice(2);
// A reader goes on until it is killed.
if (call !== 'read-leases')
  setTimeout(() => {
    process.stderr.write(waitedFor(`the end of '${call}'`, process.getActiveResourcesInfo().join(', ')));
    process.exit(1);
  }, PATIENCE_MS).unref();
const runDir = process.env['VIRTNET_RUN_DIR'] ?? '';
const stateDir = process.env['VIRTNET_STATE_DIR'] ?? '';
const host = linuxHost({ paths: { runDir, stateDir, leaseScript: process.env['LEASE_SCRIPT'] ?? '/bin/true' }, stepSize: 'single' });
const driver = await openDriver({ host });
let steps = 0;
const options: Parameters<NetworkDriver['up']>[1] = {
  onProgress: ({ step, done }) => {
    steps = Math.max(steps, step + 1);
    if (String(step) === at && done === (moment === 'after')) process.kill(process.pid, 'SIGKILL');
  },
};
if (call === 'up') await driver.up(args, options);
else if (call === 'stop') await driver.stopAll(args, options);
else if (call === 'attach') await driver.attach(args[0] ?? '', JSON.parse(args[1] ?? '') as AttachRequest, options);
else if (call === 'detach') await driver.detach(args[0] ?? '', args[1] ?? '', options);
else if (call === 'repair') await driver.repair(undefined, options);
else if (call === 'read-leases') for (;;) await driver.leases(args[0] ?? '');
else throw new Error(`unknown call '${call}'`);
await driver[Symbol.asyncDispose]();
process.stdout.write(String(steps));
