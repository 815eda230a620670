import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

/** How many pings are lost while something else happens. */
export interface Pings {
  end(): Promise<{ readonly sent: number; readonly lost: number }>;
}

/** A ping that has hardly begun has no summary to print. */
const ENOUGH_MS = 500;
/** For the answer to a ping that was sent after the end was asked for. */
const PATIENCE_MS = 5000;

/** Pings from a guest's namespace, 5 ms apart, until `end`, and at least so many. */
export function pings(netns: string, target: string, atLeast = 0): Pings {
  const child = spawn('ip', ['netns', 'exec', netns, 'ping', '-n', '-D', '-i', '0.005', '-W', '1', target], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const began = Date.now();
  const answered = new Set<number>();
  let last = 0;
  /** When the last one answered was sent, in ms since 1970. */
  let lastSent = 0;
  let sent = 0;
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [, stamp, at, took] = /^\[([\d.]+)\] .* icmp_seq=(\d+) ttl=.* time=([\d.]+) ms/.exec(line) ?? [];
      const seq = Number(at ?? 0);
      if (seq > 0) answered.add(seq);
      if (seq > last) [last, lastSent] = [seq, Number(stamp) * 1000 - Number(took)];
      sent = Number(/^(\d+) packets transmitted/.exec(line)?.[1] ?? sent);
    }
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return {
    async end() {
      await sleep(Math.max(began + ENOUGH_MS - Date.now(), 0));
      while (last < atLeast && child.exitCode === null) await sleep(50);
      // One that is under way is not lost: an emulated machine takes many times 5 ms. Those of until now are told by the answer to a later
      // one; where none comes, all that were sent are lost that have no answer.
      const asked = Date.now();
      while (lastSent <= asked && Date.now() - asked < PATIENCE_MS && child.exitCode === null) await sleep(5);
      const counted = lastSent > asked ? last : undefined;
      child.kill('SIGINT');
      await ended;
      const all = counted ?? sent;
      return { sent: all, lost: all - [...answered].filter((seq) => seq <= all).length };
    },
  };
}
