import type { Diagnostic } from '../../base/diagnostic.ts';
import { forwardsOf } from '../../forwards/document.ts';
import { formatListen, type PortForward } from '../../forwards/forward.ts';
import type { Listener } from '../../host/system/listeners.ts';
import type { Network } from '../../network/network.ts';

/** True for networks whose port forwards may take packets from a program of this host. */
export function hasForwards(network: Network): boolean {
  return forwardsOf(network).forwards.length > 0;
}

/** A running network's findings about programs of this host that are no longer reached, since a port forward goes before them (VNC015). */
export function shadowedListeners(network: Network, listeners: readonly Listener[]): readonly Diagnostic[] {
  return forwardsOf(network).forwards.flatMap((forward): readonly Diagnostic[] => {
    const shadowed = listeners.find((listener) => isShadowed(listener, forward));
    return shadowed ? [warning(network.name, forward, shadowed)] : [];
  });
}

function isShadowed(listener: Listener, forward: PortForward): boolean {
  if (listener.proto !== forward.proto || listener.port < forward.port || listener.port > forward.end) return false;
  if (listener.address === undefined) return listener.family === forward.family || listener.family === 'ipv6';
  if (listener.family !== forward.family || isLoopback(listener.address)) return false;
  return forward.address === undefined || forward.address === listener.address;
}

/** Loopback's addresses are never forwarded. Addresses of listeners are canonical. */
function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

function warning(name: string, forward: PortForward, { proto, port }: Listener): Diagnostic {
  return {
    code: 'VNC015',
    severity: 'warning',
    message: `a program of this host listens on ${proto} port ${String(port)}; others do not reach it, since '${name}' forwards ${formatListen(forward)} to '${forward.to}'`,
    hint: `see which: ss -lnp${proto === 'tcp' ? 't' : 'u'} 'sport = :${String(port)}'; name another address or port for one of the two`,
    source: name,
  };
}
