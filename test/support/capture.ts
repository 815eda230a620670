import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** A guest in a network namespace whose end of the link is eth0. */
export interface Listener {
  readonly netns: string;
  /** MAC of its eth0. */
  readonly mac: string;
}

/** An address of the tests' subnet that nobody has: asking for it makes an ARP broadcast. */
const NOBODY = '192.0.2.250';

/**
 * Lets each guest broadcast one ARP request and tells how it arrives at the others: `{ sender: { receiver: 'untagged' | 'vlan 10' } }`,
 * without an entry where it does not arrive. tcpdump looks in the guests, so that this is what is on the wire.
 */
export async function broadcasts(guests: readonly Listener[]): Promise<Record<string, Record<string, string>>> {
  const captures = await Promise.all(guests.map(capture));
  for (const [i, { netns }] of guests.entries()) {
    execFileSync('ip', ['-n', netns, 'address', 'replace', `192.0.2.${String(i + 1)}/24`, 'dev', 'eth0']);
    // Where the last request is still waited for, none is sent at once.
    execFileSync('ip', ['-n', netns, 'neigh', 'flush', 'dev', 'eth0']);
  }
  await Promise.all(guests.map(({ netns }) => once(spawn('ip', ['netns', 'exec', netns, 'ping', '-c', '1', '-W', '1', NOBODY]), 'exit')));
  const seen = Object.fromEntries(guests.map(({ netns }) => [netns, {} as Record<string, string>]));
  for (const [i, stop] of captures.entries()) {
    const receiver = guests[i]?.netns ?? '';
    for (const line of (await stop()).split('\n')) {
      if (!line.includes(`who-has ${NOBODY}`)) continue;
      const sender = guests.find(({ mac }) => line.startsWith(mac));
      const tag = / vlan (\d+),/.exec(line)?.[1];
      if (sender && sender.netns !== receiver) (seen[sender.netns] ??= {})[receiver] = tag === undefined ? 'untagged' : `vlan ${tag}`;
    }
  }
  return seen;
}

/** Starts tcpdump in a guest; the function returned ends it and gives what it saw come in. */
export async function capture({ netns }: Pick<Listener, 'netns'>): Promise<() => Promise<string>> {
  const child = spawn('ip', ['netns', 'exec', netns, 'tcpdump', '-lennt', '-Q', 'in', '-i', 'eth0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
  await new Promise<void>((resolve, reject) => {
    let words = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      words += text;
      if (words.includes('listening on')) resolve();
    });
    child.once('exit', () => {
      reject(new Error(`tcpdump in ${netns}: ${words}`));
    });
  });
  return async () => {
    await sleep(200); // what was sent last is on its way
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGINT');
    await gone;
    return out;
  };
}
