import type { Result } from '../../base/diagnostic.ts';
import type { DhcpRange } from '../dhcp.ts';
import type { Network } from '../network.ts';
import { checkSingleDhcp, withDhcp, withIp } from './find-ip.ts';
import { inserted, withoutAt } from './list.ts';
import { done, refusal, refuse } from './refusal.ts';
import type { UpdateCommand } from './request.ts';

/** Adds or deletes a DHCP range; two ranges are the same when start and end are equal (an overlap is none). */
export function updateDhcpRange(
  network: Network,
  index: number,
  command: Exclude<UpdateCommand, 'modify'>,
  range: DhcpRange,
): Result<Network> {
  const ranges = network.ips[index]?.dhcp?.ranges ?? [];
  const at = ranges.findIndex((old) => old.start === range.start && old.end === range.end);
  const put = (changed: readonly DhcpRange[]): Result<Network> => done(withIp(network, index, (ip) => withDhcp(ip, { ranges: changed })));
  if (command === 'delete') {
    if (at >= 0) return put(withoutAt(ranges, at));
    return refuse(
      refusal(
        'VNE005',
        `network '${network.name}' has no dhcp range from ${range.start} to ${range.end}`,
        55,
        `couldn't locate a matching dhcp range entry in network '${network.name}'`,
      ),
    );
  }
  const single = checkSingleDhcp(network, index);
  if (!single.ok) return single;
  if (at < 0) return put(inserted(ranges, range, command));
  return refuse(
    refusal(
      'VNE004',
      `network '${network.name}' has the dhcp range from ${range.start} to ${range.end} already`,
      55,
      `there is an existing dhcp range entry in network '${network.name}' that matches "<range start='${range.start}' end='${range.end}'/>"`,
    ),
  );
}
