import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { shaperName } from '../../src/host/marks.ts';
import { sh } from '../support/driver-documents.ts';
import { hostSnapshot } from '../support/host-snapshot.ts';
import { uuid } from '../support/ports.ts';

/** A network of all kinds of resources that this kernel can make, with guests, and one thing of it damaged at a time. */
const driver = await openDriver();

describe('damage to one thing', () => {
  const edge = `<network><name>edge</name><uuid>${uuid(9)}</uuid><forward mode='route'/>
    <bridge name='virbr9' stp='on' delay='2' macTableManager='libvirt'/><mac address='52:54:00:99:90:01'/><mtu size='1400'/>
    <domain name='edge.example'/><bandwidth><inbound average='5000'/><outbound average='6000'/></bandwidth>
    <ip address='10.89.0.1' netmask='255.255.255.0'><dhcp><range start='10.89.0.100' end='10.89.0.199'/><host mac='52:54:00:00:00:31' ip='10.89.0.31'/></dhcp></ip>
    <ip family='ipv6' address='fd89::1' prefix='64'/>
    <route address='10.90.0.0' prefix='16' gateway='10.89.0.2'/></network>`;
  const guestMac = '52:54:00:99:90:11';
  const EDGE = uuid(9);
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

  beforeAll(async () => {
    sh('ip netns add one');
    await driver.up([edge]);
    const limits = "<bandwidth><inbound average='900' floor='100'/></bandwidth>";
    await driver.attach('edge', {
      document: `<networkport><uuid>${uuid(101)}</uuid><owner><name>one</name><uuid>${uuid(201)}</uuid></owner><mac address='${guestMac}'/>${limits}<port isolated='yes'/></networkport>`,
      attachment: { type: 'netns', netns: 'one', dev: 'vone' },
    });
    await driver.attach('edge', { mac: '52:54:00:99:90:12', owner: { name: 'two' }, attachment: { type: 'tap', dev: 'ttwo' } });
  });
  afterAll(async () => {
    await driver.detach('edge', 'one');
    await driver.detach('edge', 'two');
    await driver.stop('edge');
    await driver[Symbol.asyncDispose]();
    sh('ip netns del one');
  });

  // One that is not mended is another one's fault only once.
  beforeEach(() => driver.repair());

  test.each<[string, string, readonly string[]]>([
    ['a rule edited', `nft add rule inet virtnet n_${TAG}_to counter drop`, [FIREWALL]],
    ['a rule replaced', `nft flush chain inet virtnet n_${TAG}_from; nft add rule inet virtnet n_${TAG}_from accept`, [FIREWALL]],
    ['an entry of a verdict map removed', 'nft delete element inet virtnet to_guest { virbr9 }', [FIREWALL]],
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
    ["a guest's limit off", 'tc filter del dev vone egress', ['change shaping vone']],
    ["a guest's outbound queue off", 'tc qdisc del dev ttwo clsact', ['create shaping ttwo']],
    [
      "the bridge's limit changed",
      `tc class change dev ${shaperName('virbr9', 'inbound')} parent 1: classid 1:1 htb rate 1mbit`,
      ['change shaping virbr9'],
    ],
    ['a tap deleted', 'ip link del ttwo', TAP],
    [
      'router advertisements accepted',
      'echo 1 >/proc/sys/net/ipv6/conf/virbr9/accept_ra',
      ['change sysctl net/ipv6/conf/virbr9/accept_ra'],
    ],
    ['IPv6 forwarding off', 'echo 0 >/proc/sys/net/ipv6/conf/all/forwarding', ['change sysctl net/ipv6/conf/all/forwarding']],
    ['the mark of the bridge changed', 'ip link set virbr9 alias mine', ['change link virbr9']],
    ["the mark of a guest's device removed", "ip link set vone alias ''", ['change link vone']],
    ["the mark of a guest's tap changed", 'ip link set ttwo alias mine', ['change link ttwo']],
    ['upstream servers edited by hand', `echo server=192.0.2.1 >"$VIRTNET_RUN_DIR/dnsmasq/${EDGE}/servers"`, [`change dnsmasq ${EDGE}`]],
    ['names edited by hand', `echo 10.89.0.9 nobody >"$VIRTNET_RUN_DIR/dnsmasq/${EDGE}/addnhosts"`, [`change dnsmasq ${EDGE}`]],
    ['fixed hosts edited by hand', `echo >"$VIRTNET_RUN_DIR/dnsmasq/${EDGE}/hosts"`, [`change dnsmasq ${EDGE}`]],
  ])('%s: diff names just that, repair mends it', async (_what, damage, named) => {
    const whole = hostSnapshot();
    sh(damage);
    const steps = (await driver.diff()).steps.map((s) => `${s.op} ${s.key}`);
    expect(steps).toEqual(named);
    expect((await driver.repair()).plan.steps.map((s) => `${s.op} ${s.key}`)).toEqual(steps);
    expect((await driver.diff()).steps).toEqual([]);
    expect(hostSnapshot()).toEqual(whole);
  });

  test("a guest is plugged in beside a network's queue that is gone, which comes back with it", async () => {
    const whole = hostSnapshot();
    sh(`ip link del ${shaperName('virbr9', 'outbound')}`);
    const attached = await driver.attach('edge', { attachment: { type: 'tap', dev: 'tthree' }, owner: { name: 'three' } });
    expect(attached.change.plan.steps.map((s) => `${s.op} ${s.key}`)).toEqual(
      expect.arrayContaining(['change shaping virbr9', 'change shaping ttwo', 'create shaping tthree']),
    );
    expect((await driver.diff()).steps).toEqual([]);
    await driver.detach('edge', 'three');
    expect(hostSnapshot()).toEqual(whole);
  });
});
