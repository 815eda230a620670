import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** How many pings are lost while something else happens; the one that is under way at the end is not counted. */
export interface Pings {
  end(): Promise<{ readonly sent: number; readonly lost: number }>;
}

/** A ping that has hardly begun has no summary to print. */
const ENOUGH_MS = 500;

/** Pings from a guest's namespace, 5 ms apart, until `end`. */
export function pings(netns: string, target: string): Pings {
  const child = spawn('ip', ['netns', 'exec', netns, 'ping', '-n', '-q', '-i', '0.005', '-W', '1', target], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const began = Date.now();
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    async end() {
      await sleep(Math.max(began + ENOUGH_MS - Date.now(), 0));
      child.kill('SIGINT');
      await ended;
      const [, sent = '0', received = '0'] = /(\d+) packets transmitted, (\d+) received/.exec(out) ?? [];
      const lost = Number(sent) - Number(received);
      return { sent: Number(sent), lost: lost === 1 ? 0 : lost };
    },
  };
}
