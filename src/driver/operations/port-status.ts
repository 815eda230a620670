import type { PortFacts } from '../../compile/facts.ts';
import type { LinkCounters } from '../../host/links/counters.ts';
import type { DeviceNode } from '../../host/links/device-node.ts';
import type { PortStatus } from '../driver.ts';
import { gonePorts } from '../state/gone-ports.ts';
import { portsInOrder, type NetworkRecord } from '../state/network-record.ts';

/** What a host tells of guests' devices. */
interface Seen {
  readonly counters: ReadonlyMap<string, LinkCounters>;
  /** Those that somebody else made for guests, by port uuid. */
  readonly taps: ReadonlyMap<string, string>;
  /** Of macvtaps. */
  readonly nodes: ReadonlyMap<string, DeviceNode>;
}

/** How the guests of a network fare: whether their devices are there, and what they received and sent. */
export function portStatus(record: NetworkRecord, facts: PortFacts, { counters, taps, nodes }: Seen): readonly PortStatus[] {
  const ports = portsInOrder(record);
  const gone = new Map(gonePorts(ports, facts).map(({ record: { port }, what }) => [port.uuid, what]));
  return ports.map(({ port, attachment }): PortStatus => {
    const what = gone.get(port.uuid);
    if (what !== undefined) return { port: port.uuid, state: 'gone', gone: what };
    if (attachment.type === 'none') return foreign(port.uuid, taps.get(port.uuid), counters);
    const seen = 'dev' in attachment ? counters.get(attachment.dev) : undefined;
    const isGuestsEnd = attachment.type === 'macvtap';
    const node = isGuestsEnd ? nodes.get(attachment.dev) : undefined;
    return {
      port: port.uuid,
      state: 'there',
      ...(node && { node }),
      ...(seen && { counters: isGuestsEnd ? seen : fromTheOtherEnd(seen) }),
    };
  });
}

function foreign(port: string, dev: string | undefined, counters: ReadonlyMap<string, LinkCounters>): PortStatus {
  if (dev === undefined) return { port, state: 'elsewhere' };
  const seen = counters.get(dev);
  return { port, state: 'there', device: dev, ...(seen ? { counters: fromTheOtherEnd(seen) } : {}) };
}

/** The host's end of a tap or veth receives what the guest sends. */
function fromTheOtherEnd({ rxBytes, rxPackets, txBytes, txPackets }: LinkCounters): LinkCounters {
  return { rxBytes: txBytes, rxPackets: txPackets, txBytes: rxBytes, txPackets: rxPackets };
}
