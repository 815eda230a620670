import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AttachRequest, NetworkDriver } from '../../../src/driver/driver.ts';
import { mac, readLine } from '../ports.ts';

/** How a guest is plugged. Behind a tap or a macvtap stands no machine but a program that carries its frames into a namespace. */
export type GuestKind = 'netns' | 'tap' | 'macvtap';

export interface TrafficGuest {
  /** The namespace that the guest is: `g1`. */
  readonly netns: string;
  /** The port's uuid. */
  readonly port: string;
  end(): void;
}

const ip = (...args: readonly string[]): void => void execFileSync('ip', args);

/** Plugs guest `n` into a network: eth0 in a namespace of its own, with this address and default route. */
export async function plugGuest(
  driver: NetworkDriver,
  network: string,
  n: number,
  kind: GuestKind,
  { address, gateway, request = {} }: { readonly address: string; readonly gateway?: string; readonly request?: Partial<AttachRequest> },
): Promise<TrafficGuest> {
  const netns = `g${String(n)}`;
  ip('netns', 'add', netns);
  ip('-n', netns, 'link', 'set', 'lo', 'up');
  const { port } = await driver.attach(network, { mac: mac(n), owner: { name: netns }, ...request, attachment: attachmentOf(kind, n) });
  const wire = kind === 'netns' ? undefined : await carry(nodeOf(kind, n), netns, port.port.mac);
  ip('-n', netns, 'address', 'add', address, 'dev', 'eth0');
  ip('-n', netns, 'link', 'set', 'eth0', 'up');
  if (gateway !== undefined) ip('-n', netns, 'route', 'add', 'default', 'via', gateway);
  return { netns, port: port.port.uuid, end: () => wire?.kill() };
}

function attachmentOf(kind: GuestKind, n: number): AttachRequest['attachment'] {
  if (kind === 'netns') return { type: 'netns', netns: `g${String(n)}`, guestDev: 'eth0' };
  return kind === 'tap' ? { type: 'tap', dev: `tap${String(n)}` } : { type: 'macvtap', dev: `mvt${String(n)}` };
}

/** What a machine opens: a tap by its name, a macvtap by its node. The node of /dev may be another namespace's, so it is made anew. */
function nodeOf(kind: GuestKind, n: number): string {
  if (kind === 'tap') return `tap${String(n)}`;
  const dev = `mvt${String(n)}`;
  const [major = '', minor = ''] = readLine(`/sys/class/net/${dev}/macvtap/tap${readLine(`/sys/class/net/${dev}/ifindex`)}/dev`).split(':');
  const node = join(mkdtempSync(join(tmpdir(), 'macvtap-')), 'node');
  execFileSync('mknod', [node, 'c', major, minor]);
  return node;
}

/** Makes a device `eth0` in the namespace that is the other end of the host's device. */
async function carry(node: string, netns: string, address: string): Promise<ChildProcess> {
  const end = `${netns}end`;
  ip('tuntap', 'add', 'dev', end, 'mode', 'tap', 'vnet_hdr');
  const child = spawn('perl', [join(import.meta.dirname, 'shuttle.pl'), node, end], { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('exit', (code) => reject(new Error(`the frames' carrier of ${netns} ended with ${String(code)}`)));
  });
  ip('link', 'set', 'dev', end, 'address', address, 'netns', netns, 'name', 'eth0');
  return child;
}
