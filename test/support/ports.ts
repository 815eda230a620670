import { readFileSync } from 'node:fs';
import { compileNetwork } from '../../src/compile/compile.ts';
import type { Resource } from '../../src/compile/host-state.ts';
import type { Attachment, PortRecord } from '../../src/compile/port.ts';
import { allocate } from '../../src/compile/pools.ts';
import type { Host } from '../../src/host/host.ts';
import type { NetworkPort } from '../../src/interface/port.ts';
import type { Network } from '../../src/network/network.ts';

/** A uuid that is made of a number, for tests that want to read it again. */
export const uuid = (n: number): string => `c0ffee00-0000-4000-8000-${String(n).padStart(12, '0')}`;

/** A guest's MAC that is made of a number. */
export const mac = (n: number): string => `52:54:00:00:00:${n.toString(16).padStart(2, '0')}`;

/** A guest in the network namespace of its name, plugged by a veth `vNAME`. */
export function netnsPort(n: number, name: string, rest: Partial<NetworkPort> = {}): PortRecord {
  return portRecord(n, name, { type: 'netns', dev: `v${name}`, netns: name, guestDev: 'eth0' }, rest);
}

export function portRecord(n: number, name: string, attachment: Attachment, rest: Partial<NetworkPort> = {}): PortRecord {
  return { port: { uuid: uuid(n), owner: { name, uuid: uuid(1000 + n) }, mac: mac(n), ...rest }, attachment };
}

/** The resources of a network with guests on this host, each guest plugged in its turn as the driver does it. */
export async function compiled(host: Host, network: Network, ports: readonly PortRecord[]): Promise<readonly Resource[]> {
  const facts = await host.facts();
  const plugged: PortRecord[] = [];
  for (const record of ports) {
    const plug = allocate({ network, ports: plugged, port: record.port, facts });
    if (!plug.ok) throw new Error(plug.diagnostics.map((d) => d.message).join('; '));
    plugged.push({ ...record, port: { ...record.port, plug: plug.value } });
  }
  const result = compileNetwork({ network, ports: plugged, facts });
  if (!result.ok) throw new Error(result.diagnostics.map((d) => d.message).join('; '));
  return result.value;
}

/** A file of /sys or /proc, without its line's end. */
export const readLine = (path: string): string => readFileSync(path, 'utf8').trim();
