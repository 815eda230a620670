import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { RawClient } from './raw-client.ts';
import { samplePackets } from './rpc-samples.ts';

export interface FuzzOptions {
  readonly path: string;
  readonly count: number;
  readonly seed: number;
  /** Called after each batch, to put the daemon's networks back and to look at it. */
  readonly afterBatch?: (sent: number) => Promise<void> | void;
  /** A call on a second connection that no message may disturb; rejects when it was. */
  readonly witness: (client: RawClient) => Promise<void>;
}

export interface FuzzResult {
  readonly sent: number;
  readonly connections: number;
  /** Connections that the server ended, as it must on a bad length. */
  readonly ended: number;
  readonly replies: number;
}

/** Messages of one connection before the next one is opened. */
const BATCH = 20;
/** A server that has not answered after this long hangs. Milliseconds. */
const PATIENCE_MS = 20_000;

/**
 * Sends `count` mutated messages: good packets of every procedure with bytes, words, lengths, header fields and order changed, and raw
 * bytes. After each batch the connection must answer a good call or be ended, and the witness must find everything as it was.
 */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const random = generator(options.seed);
  // A close ends its connection and the rest of the batch with it: rare.
  const { connectClose = Buffer.alloc(28), ...others } = Object.fromEntries(samplePackets());
  const samples = Array.from({ length: 20 }, () => Object.values(others))
    .flat()
    .concat(connectClose);
  const witness = await RawClient.open(options.path);
  let [sent, connections, ended, replies] = [0, 0, 0, 0];
  while (sent < options.count) {
    const size = Math.min(BATCH, options.count - sent);
    const messages = Array.from({ length: size }, () => mutate(pick(random, samples), samples, random));
    const outcome = await sendBatch(options.path, messages, random);
    sent += size;
    connections++;
    replies += outcome.replies;
    if (outcome.ended) ended++;
    await within(options.witness(witness), `the witness after message ${sent}, seed ${options.seed}`);
    await options.afterBatch?.(sent);
  }
  witness.end();
  return { sent, connections, ended, replies };
}

type Random = (below: number) => number;

/** xorshift32: the same seed gives the same messages. */
function generator(seed: number): Random {
  let state = seed | 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)] as T;
}

const words = [0, 1, 2, 3, 4, 5, 7, 27, 28, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x20008086, 0x6b656570, 4194304, 4194305];

/** One to three changes; the length word is then made right again, most of the time. */
function mutate(sample: Buffer, samples: readonly Buffer[], random: Random): Buffer {
  let bytes: Buffer = Buffer.from(sample);
  for (let i = random(3); i >= 0; i--) bytes = change(bytes, samples, random);
  if (bytes.length >= 4 && random(1000) !== 0) bytes.writeUInt32BE(bytes.length, 0);
  return bytes;
}

function change(bytes: Buffer, samples: readonly Buffer[], random: Random): Buffer {
  if (bytes.length < 28) return bytes;
  const word = random(Math.floor(bytes.length / 4)) * 4;
  switch (random(9)) {
    case 0: {
      const at = random(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return bytes;
    }
    case 1:
      bytes.writeUInt32BE(pick(random, words), word);
      return bytes;
    case 2:
      return bytes.subarray(0, 28 + random(bytes.length - 27));
    case 3:
      return Buffer.concat([bytes, randomBytes(random, random(64))]);
    case 4: {
      const other = pick(random, samples);
      return Buffer.concat([bytes.subarray(0, 28 + random(bytes.length - 27)), other.subarray(28 + random(other.length - 27))]);
    }
    case 5:
      bytes.writeInt32BE(random(460) - 3, 12);
      return bytes;
    case 6:
      // A count of file descriptors that no message has ends the connection: seldom.
      bytes.writeInt32BE(random(4) === 0 ? random(9) - 1 : random(3), 16);
      return bytes;
    case 7:
      return Buffer.concat([bytes.subarray(0, word), randomBytes(random, 4), bytes.subarray(word)]);
    default:
      return bytes;
  }
}

function randomBytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random(256)));
}

/** Sends the messages in pieces cut anywhere, then a good call; gives when that is answered or the server has hung up. */
async function sendBatch(path: string, messages: readonly Buffer[], random: Random): Promise<{ ended: boolean; replies: number }> {
  const client = await RawClient.open(path);
  const stream = Buffer.concat(random(40) === 0 ? [...messages, randomBytes(random, 64)] : messages);
  for (let at = 0; at < stream.length && !client.socket.destroyed;) {
    const step = random(4) === 0 ? 1 + random(40) : 4096;
    client.socket.write(stream.subarray(at, at + step));
    at += step;
  }
  // A message whose length reaches beyond it swallows what follows; feed it until the stream is in step again or ends.
  const ended = await within(settled(client), 'the end of a batch');
  client.end();
  return { ended, replies: client.order.length };
}

/** True when the server ended the connection, false when it answered a good call. */
async function settled(client: RawClient): Promise<boolean> {
  const closed = client.closed.then(() => true);
  const answered = client.try('authList', undefined).then(
    () => false,
    () => true,
  );
  // A length that was changed upwards makes the server wait for the rest: half-close ends that.
  const impatient = new Promise<void>((resolve) => setTimeout(resolve, 30)).then(() => {
    if (!client.socket.destroyed) client.socket.end();
    return closed;
  });
  return Promise.race([closed, answered, impatient]);
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`the server hangs: ${what}`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Clients that connect, send nothing or a part, and stay. */
export async function silentClients(path: string, count: number): Promise<readonly Socket[]> {
  return Promise.all(
    Array.from(
      { length: count },
      (_, i) =>
        new Promise<Socket>((resolve, reject) => {
          const socket = connect(path);
          socket.once('error', reject);
          socket.once('connect', () => {
            if (i % 2 === 0) socket.write(Buffer.from('02000004200080', 'hex'));
            resolve(socket);
          });
        }),
    ),
  );
}
