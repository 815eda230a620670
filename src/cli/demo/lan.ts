import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../host/tools/command.ts';
import type { Stage } from './stage.ts';

/** The outside plays the LAN's router: it hands out addresses on its own subnet. Returns the function that ends it. */
export async function serveLan(stage: Stage, folder: string): Promise<() => Promise<void>> {
  const base = stage.outside4.replace(/\d+$/, '');
  const pidFile = join(folder, 'lan.pid');
  await run([
    ...([
      'ip',
      'netns',
      'exec',
      stage.outside,
      'dnsmasq',
      '--conf-file=/dev/null',
      '--port=0',
      '--no-ping',
      '--interface=eth0',
      '--user=root',
      '--group=', // it stays in its own: without root there is no other
    ] as const),
    `--dhcp-range=${base}100,${base}150,1h`,
    `--dhcp-leasefile=${join(folder, 'lan.leases')}`,
    `--pid-file=${pidFile}`,
  ]);
  return async () => {
    process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM');
    await new Promise((done) => setTimeout(done, 100));
  };
}
