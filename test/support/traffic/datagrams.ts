import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';

/** Counts what comes to a port until so many have come, or nothing has for some seconds. Its buffer and the sender's (SO_RCVBUFFORCE, SO_SNDBUFFORCE) hold all of them. */
const COUNT = `use strict; use Socket;
  my ($port, $most) = @ARGV;
  socket(my $s, AF_INET, SOCK_DGRAM, 0) or die $!;
  setsockopt($s, SOL_SOCKET, 33, pack('i', 1 << 24)) && bind($s, sockaddr_in($port, INADDR_ANY)) or die $!;
  $| = 1; print "ready\\n";
  my ($n, $seen, $frame) = (0, '', '');
  for (; $n < $most; $n++) { vec($seen = '', fileno($s), 1) = 1; last unless select($seen, undef, undef, 5) > 0; recv($s, $frame, 2000, 0) }
  print "$n\\n";`;
const SEND = `use strict; use Socket;
  my ($to, $port, $count, $size) = @ARGV;
  socket(my $s, AF_INET, SOCK_DGRAM, 0) or die $!;
  setsockopt($s, SOL_SOCKET, 32, pack('i', 1 << 24)) or die $!;
  send($s, 'x' x $size, 0, sockaddr_in($port, inet_aton($to))) or die $! for 1 .. $count;`;

export interface Datagrams {
  /** A namespace; this one where absent. */
  readonly from?: string;
  /** A namespace. */
  readonly to: string;
  /** The receiver's address. */
  readonly address: string;
  readonly count: number;
  /** Bytes of payload. */
  readonly size: number;
}

/** Sends datagrams all at once, lets something happen then, and tells how many of them have arrived. */
export async function arriving({ from, to, address, count, size }: Datagrams, meanwhile: () => Promise<unknown>): Promise<number> {
  const port = '7000';
  const receiver = spawn('ip', ['netns', 'exec', to, 'perl', '-e', COUNT, port, String(count)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  receiver.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(receiver, 'close');
  await Promise.race([once(receiver.stdout, 'data'), ended]);
  const sender = ['perl', '-e', SEND, address, port, String(count), String(size)];
  await promisify(execFile)('env', from === undefined ? sender : ['ip', 'netns', 'exec', from, ...sender]);
  await meanwhile();
  await ended;
  return Number(text.split('\n')[1]);
}

/** Packets that wait in queues of this namespace. */
export function waiting(): number {
  const text = execFileSync('tc', ['-statistics', 'qdisc', 'show'], { encoding: 'utf8' });
  return [...text.matchAll(/^ backlog \S+ (\d+)p/gm)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}
