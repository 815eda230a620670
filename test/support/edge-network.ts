import { shaperName } from '../../src/host/marks.ts';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { sh } from './driver-documents.ts';
import { uuid } from './ports.ts';

export const EDGE = uuid(9);

/** A network of all kinds of resources that any kernel can make. */
const document = `<network><name>edge</name><uuid>${EDGE}</uuid><forward mode='route'/>
    <bridge name='virbr9' stp='on' delay='2' macTableManager='libvirt'/><mac address='52:54:00:99:90:01'/><mtu size='1400'/>
    <domain name='edge.example'/><bandwidth><inbound average='5000'/><outbound average='6000'/></bandwidth>
    <ip address='10.89.0.1' netmask='255.255.255.0'><dhcp><range start='10.89.0.100' end='10.89.0.199'/><host mac='52:54:00:00:00:31' ip='10.89.0.31'/></dhcp></ip>
    <ip family='ipv6' address='fd89::1' prefix='64'/>
    <route address='10.90.0.0' prefix='16' gateway='10.89.0.2'/></network>`;
const guestMac = '52:54:00:99:90:11';

/** Starts it, with a guest in a namespace (`vone`, limited and isolated) and one on a tap (`ttwo`). */
export async function startEdge(driver: NetworkDriver): Promise<void> {
  sh('ip netns add one');
  await driver.up([document]);
  const limits = "<bandwidth><inbound average='900' floor='100'/></bandwidth>";
  await driver.attach('edge', {
    document: `<networkport><uuid>${uuid(101)}</uuid><owner><name>one</name><uuid>${uuid(201)}</uuid></owner><mac address='${guestMac}'/>${limits}<port isolated='yes'/></networkport>`,
    attachment: { type: 'netns', netns: 'one', dev: 'vone' },
  });
  await driver.attach('edge', { mac: '52:54:00:99:90:12', owner: { name: 'two' }, attachment: { type: 'tap', dev: 'ttwo' } });
}

export async function endEdge(driver: NetworkDriver): Promise<void> {
  await driver.detach('edge', 'one');
  await driver.detach('edge', 'two');
  await driver.stop('edge');
  sh('ip netns del one');
}

const TAG = EDGE.replaceAll('-', '_');
/** With a device its place on the bridge, its entry and its limits are gone. */
const TAP = [
  'create link ttwo',
  'create bridge-port ttwo',
  'create fdb 52:54:00:99:90:12 on ttwo',
  'create link-up ttwo',
  'create shaping ttwo',
];
const FIREWALL = `change firewall ${EDGE}`;

/** A damage to one thing of it: in words, as a line of the shell, and the steps that mend it. */
export type Damage = readonly [what: string, damage: string, steps: readonly string[]];

export const LIMIT_OFF = 'tc filter del dev vone egress';

/** Damages that the kernel tells of when they happen. */
export const TOLD: readonly Damage[] = [
  ['a rule edited', `nft add rule inet virtnet n_${TAG}_to counter drop`, [FIREWALL]],
  ['a rule replaced', `nft flush chain inet virtnet n_${TAG}_from; nft add rule inet virtnet n_${TAG}_from accept`, [FIREWALL]],
  ['an entry of a verdict map removed', 'nft delete element inet virtnet to_guest { virbr9 }', [FIREWALL]],
  ['a rule of what the networks share gone', 'nft flush chain inet virtnet forward', ['change firewall-base']],
  [
    'a chain of what they share gone',
    'nft flush chain inet virtnet output; nft delete chain inet virtnet output',
    ['change firewall-base'],
  ],
  ['our table put to sleep', "nft 'add table inet virtnet { flags dormant ; }'", ['change firewall-base']],
  ['an IPv6 address removed', 'ip address del fd89::1/64 dev virbr9', ['create address fd89::1/64 on virbr9']],
  ['a static route removed', 'ip route del 10.90.0.0/16', ['create route 10.90.0.0/16 via 10.89.0.2 metric 1 on virbr9']],
  ['the MTU changed', 'ip link set virbr9 mtu 1300', ['change link virbr9']],
  ["the bridge's MAC changed", 'ip link set virbr9 address 52:54:00:99:90:77', ['change link virbr9']],
  ['spanning tree off', 'ip link set virbr9 type bridge stp_state 0', ['change link virbr9']],
  ['a guest taken from the bridge', 'ip link set vone nomaster', ['create bridge-port vone', `create fdb ${guestMac} on vone`]],
  ["a guest's device down", 'ip link set vone down', ['create link-up vone']],
  ['isolation off', 'bridge link set dev vone isolated off', ['change bridge-port vone']],
  ['learning on', 'bridge link set dev vone learning on', ['change bridge-port vone']],
  ['flooding on', 'bridge link set dev ttwo flood on', ['change bridge-port ttwo']],
  ['a forwarding entry removed', `bridge fdb del ${guestMac} dev vone master`, [`create fdb ${guestMac} on vone`]],
  ["a guest's limit off", LIMIT_OFF, ['change shaping vone']],
  ["a guest's outbound queue off", 'tc qdisc del dev ttwo clsact', ['create shaping ttwo']],
  [
    "the bridge's limit changed",
    `tc class change dev ${shaperName('virbr9', 'inbound')} parent 1: classid 1:1 htb rate 1mbit`,
    ['change shaping virbr9'],
  ],
  ['a tap deleted', 'ip link del ttwo', TAP],
  [
    'forwarding off',
    'echo 0 >/proc/sys/net/ipv4/ip_forward',
    ['change sysctl net/ipv4/ip_forward', 'change sysctl net/ipv4/conf/virbr9/forwarding'],
  ],
  [
    'IPv6 forwarding off',
    'echo 0 >/proc/sys/net/ipv6/conf/all/forwarding',
    ['change sysctl net/ipv6/conf/all/forwarding', 'change sysctl net/ipv6/conf/virbr9/forwarding'],
  ],
  [
    "forwarding off for the bridge's packets",
    'echo 0 >/proc/sys/net/ipv4/conf/virbr9/forwarding',
    ['change sysctl net/ipv4/conf/virbr9/forwarding'],
  ],
  [
    "IPv6 forwarding off for the bridge's packets",
    'echo 0 >/proc/sys/net/ipv6/conf/virbr9/forwarding',
    ['change sysctl net/ipv6/conf/virbr9/forwarding'],
  ],
  [
    'the helper of a queue deleted',
    `ip link del ${shaperName('virbr9', 'outbound')}`,
    ['change shaping virbr9', 'change shaping vone', 'change shaping ttwo'],
  ],
  ['the mark of the bridge changed', 'ip link set virbr9 alias mine', ['change link virbr9']],
  ["the mark of a guest's device removed", "ip link set vone alias ''", ['change link vone']],
  ["the mark of a guest's tap changed", 'ip link set ttwo alias mine', ['change link ttwo']],
];

/** Damages that nothing tells of. */
export const UNTOLD: readonly Damage[] = [
  ['router advertisements accepted', 'echo 1 >/proc/sys/net/ipv6/conf/virbr9/accept_ra', ['change sysctl net/ipv6/conf/virbr9/accept_ra']],
  ['upstream servers edited by hand', `echo server=192.0.2.1 >"$VIRTNET_RUN_DIR/dnsmasq/${EDGE}/servers"`, [`change dnsmasq ${EDGE}`]],
  ['names edited by hand', `echo 10.89.0.9 nobody >"$VIRTNET_RUN_DIR/dnsmasq/${EDGE}/addnhosts"`, [`change dnsmasq ${EDGE}`]],
  ['fixed hosts edited by hand', `echo >"$VIRTNET_RUN_DIR/dnsmasq/${EDGE}/hosts"`, [`change dnsmasq ${EDGE}`]],
];
