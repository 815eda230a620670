import type { Explanation } from '../network/explain.ts';
import type { Network } from '../network/network.ts';
import { forwardsOf } from './document.ts';
import { formatSource, formatTarget, type PortForward } from './forward.ts';

/** What a network's port forwards do, in plain sentences; undefined without any. */
export function explainForwards(network: Network): Explanation | undefined {
  const { forwards } = forwardsOf(network);
  if (forwards.length === 0) return undefined;
  const mind =
    "Who connects is seen by the guest as itself; only guests of this network are seen as the host. The host's loopback addresses lead to no guest.";
  const only = network.forward.mode === 'nat' ? ['From outside, a guest is reached by these alone.'] : [];
  return { title: 'Port forwards', sentences: [...only, ...forwards.map(sentence), mind] };
}

function sentence(forward: PortForward): string {
  const { family, proto, address, port, end, sources } = forward;
  const ports = port === end ? `port ${String(port)}` : `ports ${String(port)} to ${String(end)}`;
  const where = address ?? `every ${family === 'ipv4' ? 'IPv4' : 'IPv6'} address of this host`;
  const who = sources === undefined ? '' : `, for ${sources.map(formatSource).join(', ')} alone`;
  return `${proto.toUpperCase()} ${ports} of ${where} ${port === end ? 'leads' : 'lead'} to ${formatTarget(forward)}${who}.`;
}
