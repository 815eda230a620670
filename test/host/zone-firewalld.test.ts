// root: a system bus
import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import { sh } from '../support/driver-documents.ts';
import { firewalld, systemBus, whyNoFirewalld } from '../support/firewalld.ts';

const document = (
  zone = '',
): string => `<network><name>zoned</name><forward mode='nat'/><bridge name='vbz' stp='off'${zone && ` zone='${zone}'`}/>
  <ip address='10.102.0.1' prefix='24'><dhcp><range start='10.102.0.9' end='10.102.0.9'/></dhcp></ip></network>`;
const leases = (): boolean =>
  sh('ip netns exec g udhcpc -i eth0 -n -q -f -t 3 -T 1 -s /bin/true 2>&1 || true').includes('lease of 10.102.0.9 obtained');
const zone = (): string => sh('firewall-cmd --get-zone-of-interface=vbz 2>&1 || true').trim();

describe.skipIf(whyNoFirewalld !== undefined)(`beside firewalld${whyNoFirewalld === undefined ? '' : ` (${whyNoFirewalld})`}`, () => {
  let driver: NetworkDriver;
  const daemons: ChildProcess[] = [];
  beforeAll(async () => {
    daemons.push(await systemBus());
    daemons.push(await firewalld());
    driver = await openDriver();
    sh(`ip netns add g; ip netns add outside; ip link add up0 type veth peer name eth0 netns outside; ip addr add 203.0.113.1/24 dev up0
      ip link set up0 up; ip -n outside addr add 203.0.113.2/24 dev eth0; ip -n outside link set eth0 up`);
    await driver.up([document()]);
    await driver.attach('zoned', { owner: { name: 'g' }, attachment: { type: 'netns', netns: 'g' } });
    sh('ip -n g addr add 10.102.0.8/24 dev eth0; ip -n g link set eth0 up; ip -n g route add default via 10.102.0.1');
  });
  afterAll(async () => {
    await driver.detach('zoned', 'g');
    await driver.undefine('zoned');
    await driver[Symbol.asyncDispose]();
    for (const daemon of daemons.toReversed()) daemon.kill();
  });
  const outside = (): boolean => sh('ip netns exec g ping -q -c 1 -W 2 203.0.113.2 >/dev/null && echo yes || true') === 'yes\n';

  test('a network without a zone is told what firewalld drops, and so it does', async () => {
    expect([leases(), outside()]).toEqual([false, false]);
    const warnings = await driver.warnings(['zoned']);
    expect(warnings.map(({ code, message }) => [code, message])).toEqual([
      ['VNC013', "chain 'filter_INPUT' of table 'inet firewalld' drops by a rule what guests of 'zoned' ask this host for: DHCP, DNS"],
      ['VNC013', "chain 'filter_FORWARD' of table 'inet firewalld' drops by a rule what guests of 'zoned' send through this host"],
    ]);
  });

  test('a zone lets its bridge’s guests pass as the zone says, and nothing is left to warn of', async () => {
    const { plan } = await driver.up([document('trusted')]);
    expect(plan.steps.map(({ op, key }) => `${op} ${key}`)).toEqual(['create zone vbz']);
    expect(zone()).toBe('trusted');
    expect([leases(), outside()]).toEqual([true, true]);
    expect(await driver.warnings(['zoned'])).toEqual([]);
    // A zone that serves addresses and nothing else.
    sh('firewall-cmd -q --zone=work --add-service=dhcp');
    await driver.up([document('work')]);
    expect([zone(), leases()]).toEqual(['work', true]);
    expect((await driver.warnings(['zoned'])).map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/ask this host for: DNS$/),
    );
  });

  test('a bridge that somebody moved is seen and put back', async () => {
    sh('firewall-cmd -q --zone=public --change-interface=vbz');
    expect((await driver.diff('zoned')).steps.map(({ op, key }) => `${op} ${key}`)).toEqual(['change zone vbz']);
    await driver.repair('zoned');
    expect(zone()).toBe('work');
    expect((await driver.diff('zoned')).steps).toEqual([]);
  });

  test('a zone that is not there is refused with firewalld’s words, and all stays as it was', async () => {
    await expect(driver.up([document('nonesuch')])).rejects.toMatchObject({ message: expect.stringContaining('INVALID_ZONE') as unknown });
    expect(zone()).toBe('work');
    expect((await driver.diff('zoned')).steps).toEqual([]);
  });

  test('the zone ends with the network', async () => {
    await driver.stop('zoned');
    expect(sh('firewall-cmd --get-active-zones')).not.toContain('vbz');
  });
});
