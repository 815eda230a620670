import { longerThanBytes } from '../base/utf8.ts';
import type { Family } from '../inet/ip.ts';
import { lastAddress, network as networkOf, type Subnet } from '../inet/subnet.ts';
import type { XmlElement } from '../xml/node.ts';
import type { Problem, ReadContext } from './context.ts';
import { lintDhcp } from './lint-dhcp.ts';
import { lintNames } from './lint-names.ts';
import { warnAt, warnOfOverlaps, warnOfTwin, type Stretch } from './lint-warn.ts';
import { subnetOf, type Ip } from './ip.ts';
import type { Network } from './network.ts';
import { ipValue } from './values.ts';

/** What libvirt lets through and what then fails at start or in a guest: warnings only. */
export function lint(context: ReadContext, root: XmlElement, network: Network): void {
  lintBridgeName(context, network);
  lintNatPorts(context, network);
  lintAddresses(context, network);
  lintDhcp(context, network);
  lintNames(context, root, network);
}

/** Kernel names of links hold 1 to 15 bytes without '/', ':' and white space, and are neither '.' nor '..'. */
function lintBridgeName(context: ReadContext, { bridge }: Network): void {
  const name = bridge?.name;
  if (bridge === undefined || name === undefined) return;
  const full = name.replace('%d', '0');
  const tooLong = longerThanBytes(full, 15);
  if (!tooLong && !/[/:\s]/.test(full) && full !== '.' && full !== '..' && !/%(?!d)/.test(name)) return;
  warnAt(context, bridge, {
    code: 'VNM055',
    message: tooLong ? `bridge name '${name}' is longer than the 15 bytes of a link's name` : `the kernel takes no link named '${name}'`,
    attribute: 'name',
    found: name,
    allowed: 'at most 15 bytes, without /, : and white space',
    hint: 'choose another name, or leave it out',
  });
}

function lintNatPorts(context: ReadContext, { forward }: Network): void {
  const { nat } = forward;
  if (nat?.portStart === undefined || nat.portStart !== nat.portEnd) return;
  warnAt(context, nat, {
    code: 'VNM055',
    message: 'libvirt fails to start a network whose NAT has a single port',
    found: String(nat.portStart),
    hint: 'give a range of at least two ports',
  });
}

/** Addresses of the bridge itself: no address of the subnet's own, twice given or overlapping, PTR zones that cannot be cut. */
function lintAddresses(context: ReadContext, network: Network): void {
  const stretches: Record<Family, Stretch<Ip>[]> = { ipv4: [], ipv6: [] };
  const known = new Map<string, Ip>();
  for (const ip of network.ips) {
    const subnet = subnetOf(ip);
    if (!subnet) continue;
    lintOwnAddress(context, ip, subnet);
    lintPtr(context, ip, subnet);
    if (warnOfTwin(context, known, ip.address, ip, clash)) continue;
    stretches[subnet.family].push({ part: ip, start: networkOf(subnet).value, end: lastAddress(subnet).value });
  }
  for (const ofFamily of Object.values(stretches)) warnOfOverlaps(context, ofFamily, clash);
}

function clash(other: Ip, { address }: Ip): Problem {
  const same = other.address === address;
  return {
    code: same ? 'VNM065' : 'VNM066',
    message: same
      ? `address ${address} is given twice; the network will not start`
      : `the subnets of ${other.address} and ${address} overlap`,
    attribute: 'address',
    found: address,
    hint: same ? 'remove one of the two' : 'use subnets that share no address',
  };
}

function lintOwnAddress(context: ReadContext, ip: Ip, subnet: Subnet): void {
  const { value } = ipValue(ip.address);
  const first = Number(value >> 24n);
  const problem =
    subnet.family === 'ipv4' && subnet.prefix < 31 && value === networkOf(subnet).value
      ? 'is the network address of its subnet'
      : subnet.family === 'ipv4' && subnet.prefix < 31 && value === lastAddress(subnet).value
        ? 'is the broadcast address of its subnet'
        : subnet.family === 'ipv4' && first === 127
          ? 'is a loopback address'
          : (subnet.family === 'ipv4' && first >= 224 && first < 240) || (subnet.family === 'ipv6' && value >> 120n === 0xffn)
            ? 'is a multicast address'
            : undefined;
  if (problem === undefined) return;
  warnAt(context, ip, {
    code: 'VNM067',
    message: `${ip.address} ${problem}; guests cannot use it as their gateway`,
    attribute: 'address',
    found: ip.address,
    hint: 'use an address of a host, such as the first of the subnet',
  });
}

function lintPtr(context: ReadContext, ip: Ip, subnet: Subnet): void {
  const step = subnet.family === 'ipv4' ? 8 : 4;
  if (ip.localPtr !== true || subnet.prefix % step === 0) return;
  warnAt(context, ip, {
    code: 'VNM068',
    message: `reverse names of a /${String(subnet.prefix)} cannot be served; libvirt will not start the network`,
    attribute: 'localPtr',
    hint: `use a prefix that ${String(step)} divides, or remove localPtr`,
  });
}
