import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** How many pings are lost while something else happens. Of those at the end one may be under way, and is not counted. */
export interface Pings {
  end(): Promise<{ readonly sent: number; readonly lost: number }>;
}

/** A ping that has hardly begun has no summary to print. */
const ENOUGH_MS = 500;

/** Pings from a guest's namespace, 5 ms apart, until `end`, and at least so many. */
export function pings(netns: string, target: string, atLeast = 0): Pings {
  const child = spawn('ip', ['netns', 'exec', netns, 'ping', '-n', '-i', '0.005', '-W', '1', target], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const began = Date.now();
  const answered = new Set<number>();
  let last = 0;
  let sent = 0;
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const seq = Number(/icmp_seq=(\d+) ttl=/.exec(line)?.[1] ?? 0);
      if (seq > 0) answered.add(seq);
      last = Math.max(last, seq);
      sent = Number(/^(\d+) packets transmitted/.exec(line)?.[1] ?? sent);
    }
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    async end() {
      await sleep(Math.max(began + ENOUGH_MS - Date.now(), 0));
      while (last < atLeast && child.exitCode === null) await sleep(50);
      child.kill('SIGINT');
      await ended;
      return { sent, lost: last - answered.size + Math.max(sent - last - 1, 0) };
    },
  };
}
