import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import type { Attachment } from '../../src/compile/port.ts';

/** Guests that a switch is to know, up to lldpad and the kernel. What a switch or a card with port profiles would do no machine here shows. */

const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' });
const uuid = 'fa9b7fff-b0a0-4893-8e0e-beef4ff18f8f';
const mac = '52:54:00:c7:3e:ce';
const macvtap: Attachment = { type: 'macvtap', dev: '' };
const links = (): readonly string[] =>
  sh('ip -br link')
    .trim()
    .split('\n')
    .map((line) => line.split(/[\s@]/)[0] ?? '')
    .sort();
const network = (name: string, virtualport: string): string =>
  `<network><name>${name}</name><forward mode='private'><interface dev='up0'/></forward>${virtualport}</network>`;

beforeAll(() => {
  sh('ip netns add switch; ip link add up0 type veth peer name sw0 netns switch; ip link set up0 up; ip -n switch link set sw0 up');
});
afterEach(async () => {
  await using driver = await openDriver();
  for (const { name } of await driver.list()) {
    for (const { port } of await driver.ports(name)) await driver.detach(name, port.uuid);
    await driver.stop(name);
    await driver.undefine(name);
  }
});

describe('802.1Qbg', () => {
  const qbg = network(
    'qbg',
    `<virtualport type='802.1Qbg'><parameters managerid='11' typeid='1193047' typeidversion='2' instanceid='${uuid}'/></virtualport>`,
  );

  test('is refused in the words of lldpad’s tool where no lldpad runs, and nothing is left', async () => {
    await using driver = await openDriver();
    await driver.up([qbg]);
    const before = links();
    const attach = driver.attach('qbg', { attachment: macvtap, mac, owner: { name: 'one' } });
    await expect(attach).rejects.toMatchObject({ message: expect.stringContaining('lldpad') as unknown });
    expect(links()).toEqual(before);
    expect(await driver.ports('qbg')).toEqual([]);
    expect((await driver.diff()).steps).toEqual([]);
  }, 30_000);
});

describe('802.1Qbh', () => {
  const qbh = network('qbh', "<virtualport type='802.1Qbh'><parameters profileid='gold'/></virtualport>");
  const path = process.env['PATH'] ?? '';
  /** Puts a program of this name before the real one. */
  const standIn = (script: string): void => {
    mkdirSync('/run/stand-in', { recursive: true });
    writeFileSync('/run/stand-in/socat', `#!/bin/sh\n${script}\n`);
    chmodSync('/run/stand-in/socat', 0o755);
    process.env['PATH'] = `/run/stand-in:${path}`;
  };
  afterEach(() => {
    process.env['PATH'] = path;
  });
  const machine = '11111111-2222-4333-8444-555555555555';
  const attach = async (): Promise<unknown> => {
    await using driver = await openDriver();
    return await driver.attach('qbh', { attachment: macvtap, mac, owner: { name: 'one', uuid: machine } });
  };

  test('is asked of the kernel, in a message that strace reads as libvirt’s, and refused by a card without port profiles', async () => {
    await using driver = await openDriver();
    await driver.up([qbh]);
    const before = links();
    standIn('exec strace -yy -v -s 4096 -e trace=recvfrom -o /run/trace /usr/bin/socat "$@"');
    await expect(attach()).rejects.toMatchObject({ message: expect.stringContaining("'up0' takes no port profiles") as unknown });
    // The kernel's answer holds the message as it came: strace names its parts.
    const [answer = ''] = readFileSync('/run/trace', 'utf8')
      .split('\n')
      .filter((line) => line.includes('NLMSG_ERROR'));
    expect(answer).toContain('error=-EOPNOTSUPP');
    expect(answer).toContain('nlmsg_type=RTM_SETLINK, nlmsg_flags=NLM_F_REQUEST|NLM_F_ACK');
    expect(answer).toContain('ifi_index=if_nametoindex("up0")');
    expect(answer).toContain('nla_type=NLA_F_NESTED|IFLA_PORT_SELF}');
    expect(answer).toContain('nla_type=IFLA_PORT_PROFILE}, "gold"]');
    expect(answer).toContain('nla_type=IFLA_PORT_INSTANCE_UUID}');
    expect(answer).toMatch(/nla_type=IFLA_PORT_REQUEST\}, (?:PORT_REQUEST_ASSOCIATE|0x2|2|"\\x02")/);
    expect(links()).toEqual(before);
    expect(await driver.ports('qbh')).toEqual([]);
    expect((await driver.diff()).steps).toEqual([]);
  }, 30_000);

  test('of a card that takes them is ended with the guest', async () => {
    await using driver = await openDriver();
    await driver.up([qbh]);
    const before = links();
    // A kernel that says yes: nlmsghdr of NLMSG_ERROR with error 0 (netlink(7)).
    standIn(
      `cat >/run/sent.$$; printf '\\044\\0\\0\\0\\002\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0'; mv /run/sent.$$ /run/sent.$(ls /run | grep -c '^sent')`,
    );
    await attach();
    expect((await driver.diff()).steps).toEqual([]);
    await driver.detach('qbh', 'one');
    expect(links()).toEqual(before);
    const messages = [1, 2, 3].flatMap((n) => (existsSync(`/run/sent.${String(n)}`) ? [readFileSync(`/run/sent.${String(n)}`)] : []));
    // IFLA_PORT_REQUEST (6) of one byte: PORT_REQUEST_ASSOCIATE 2, then a question without one, then PORT_REQUEST_DISASSOCIATE 3.
    expect(messages.map((m) => /05000600(..)/.exec(m.toString('hex'))?.[1])).toEqual(['02', undefined, '03']);
    expect(messages[0]?.toString('hex')).toContain(machine.replaceAll('-', ''));
  }, 30_000);
});
