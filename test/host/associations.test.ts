// last: few networks are for 802.1Qbg, 802.1Qbh or MidoNet
// root: tcpdump, which becomes another user
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { NetworkDriver } from '../../src/driver/driver.ts';
import { openDriver } from '../../src/driver/open.ts';
import type { Attachment } from '../../src/compile/port.ts';

/** Guests that a switch is to know, up to lldpad, the kernel and MidoNet's tool. What a switch, a card or an agent would do no machine here shows. */

const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' });
const works = (command: string): boolean => {
  try {
    sh(`${command} >/dev/null 2>&1`);
    return true;
  } catch {
    return false;
  }
};
const until = async (what: string, isSo: () => boolean): Promise<void> => {
  for (const began = Date.now(); !isSo(); await sleep(200))
    if (Date.now() - began > 60_000) throw new Error(`not within a minute: ${what}`);
};
const missing = ['lldpad', 'tcpdump'].filter((tool) => !works(`command -v ${tool}`));
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

  const reason = missing.length === 0 ? '' : ` (not installed: ${missing.join(', ')})`;
  test.skipIf(missing.length > 0)(
    `is granted by a second lldpad that plays the switch, and ended with the guest, frame by frame${reason}`,
    async () => {
      const inSwitch = 'ip netns exec switch';
      const started: ChildProcess[] = [];
      const start = (command: string): void => void started.push(spawn('sh', ['-c', `exec ${command}`], { stdio: 'ignore' }));
      try {
        start(`${inSwitch} tcpdump -i sw0 -U -w /run/vdp.pcap ether proto 0x8940`);
        // A lldpad keeps its state in /dev/shm and listens on a name of its network namespace.
        const lldpad = (conf: string): string =>
          `unshare --mount sh -c 'mount -t tmpfs shm /dev/shm && exec lldpad -p -f /run/${conf}.conf'`;
        start(lldpad('station'));
        start(`${inSwitch} ${lldpad('bridge')}`);
        await until('both lldpads answer', () => works(`lldptool -p && ${inSwitch} lldptool -p`) && existsSync('/run/vdp.pcap'));
        for (const [place, dev, mode] of [
          ['', 'up0', 'station'],
          [inSwitch, 'sw0', 'bridge'],
        ] as const) {
          sh(`${place} lldptool -L -i ${dev} -g ncb adminStatus=rxtx`);
          for (const setting of ['enabletx=yes', `evbmode=${mode}`]) sh(`${place} lldptool -T -i ${dev} -g ncb -V evb -c ${setting}`);
        }
        await until('station and bridge have taken the timers of each other', () =>
          works(
            `lldptool -t -n -i up0 -g ncb -V evb | grep -q 'mode:bridge r/l:1' && ${inSwitch} lldptool -t -n -i sw0 -g ncb -V evb | grep -q 'mode:station r/l:1'`,
          ),
        );
        await using driver = await openDriver();
        await driver.up([qbg]);
        await driver.attach('qbg', { attachment: macvtap, mac, owner: { name: 'one' } });
        await until('the switch answers', () => vdpFrames().some(({ answer }) => answer));
        expect((await driver.diff()).steps).toEqual([]);
        await driver.detach('qbg', 'one');
        await until('the switch has let it go', () =>
          vdpFrames().some(({ answer, tlvs }) => answer && tlvs.startsWith(DEASSOCIATE, MANAGER)),
        );
        expect(works(`vdptool -t -i up0 -V assoc -c uuid=${uuid} | grep -q ${uuid}`)).toBe(false);
        // IEEE 802.1Q-2014, clause 41.2: the manager's number in a TLV of its own (5); request and status, VSI type and its version, a UUID (5)
        // as the instance's number, and one pair of MAC and VLAN (2). A success is told in the status (0x40).
        const manager = `0a10${'0b'.padEnd(32, '0')}`;
        const instance = `12345702${'05'}${uuid.replaceAll('-', '')}${'02'}0001${mac.replaceAll(':', '')}0000`;
        const frames = vdpFrames().map(({ tlvs }) => tlvs);
        expect(frames).toContain(`${manager}${ASSOCIATE}00${instance}`);
        expect(frames).toContain(`${manager}${ASSOCIATE}40${instance}`);
        expect(frames).toContain(`${manager}${DEASSOCIATE}00${instance}`);
      } finally {
        for (const child of started) child.kill();
      }
    },
    200_000,
  );

  /** Type 3 and type 4 of a VDP TLV, each of 33 bytes. */
  const [ASSOCIATE, DEASSOCIATE] = ['0621', '0821'];
  /** Hexadecimal digits of the TLV before it. */
  const MANAGER = 36;
  /** What tcpdump saw of VDP: the TLVs behind the header of ECP (Ethernet's 14 bytes, version and kind 2, sequence 2), in hexadecimal. */
  function vdpFrames(): readonly { readonly tlvs: string; readonly answer: boolean }[] {
    const dump = sh('tcpdump -r /run/vdp.pcap -xx -t 2>/dev/null').replaceAll(/^\s+0x[0-9a-f]+:/gm, ' ');
    const frames = dump.split(/^\S.*$/m).map((frame) => frame.replaceAll(/\s/g, ''));
    return frames.flatMap((frame) => {
      const tlvs = frame.slice(36);
      return tlvs.length > MANAGER ? [{ tlvs, answer: tlvs.slice(MANAGER + 4, MANAGER + 6) === '40' }] : [];
    });
  }
});

const path = process.env['PATH'] ?? '';
/** Puts a program of this name before the real one, if there is a real one. */
const standIn = (tool: string, script: string): void => {
  mkdirSync('/run/stand-in', { recursive: true });
  writeFileSync(`/run/stand-in/${tool}`, `#!/bin/sh\n${script}\n`);
  chmodSync(`/run/stand-in/${tool}`, 0o755);
  process.env['PATH'] = `/run/stand-in:${path}`;
};
afterEach(() => {
  process.env['PATH'] = path;
});

describe('802.1Qbh', () => {
  const qbh = network('qbh', "<virtualport type='802.1Qbh'><parameters profileid='gold'/></virtualport>");
  const machine = '11111111-2222-4333-8444-555555555555';
  const attach = async (): Promise<unknown> => {
    await using driver = await openDriver();
    return await driver.attach('qbh', { attachment: macvtap, mac, owner: { name: 'one', uuid: machine } });
  };

  test('is asked of the kernel, in a message that strace reads as libvirt’s, and refused by a card without port profiles', async () => {
    await using driver = await openDriver();
    await driver.up([qbh]);
    const before = links();
    standIn('socat', 'exec strace -yy -v -s 4096 -e trace=recvfrom -o /run/trace /usr/bin/socat "$@"');
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
      'socat',
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

describe('midonet', () => {
  const midonet = `<network><name>overlay</name><forward mode='bridge'/><bridge name='br0'/>
    <virtualport type='midonet'><parameters interfaceid='${uuid}'/></virtualport></network>`;
  const attach = (driver: NetworkDriver) =>
    driver.attach('overlay', { attachment: { type: 'tap', dev: 'mido0' }, mac, owner: { name: 'one' } });
  const told = (): readonly string[] => (existsSync('/run/told') ? readFileSync('/run/told', 'utf8').trim().split('\n') : []);
  beforeAll(() => {
    sh('ip link add br0 type bridge; ip link set br0 up');
  });

  test('is refused where its tool is not there or does not succeed, and where libvirt refuses it, and nothing is left', async () => {
    await using driver = await openDriver();
    await driver.up([midonet]);
    const before = links();
    await expect(attach(driver)).rejects.toMatchObject({ code: 'VNC005', hint: expect.stringContaining('midolman') as unknown });
    standIn('mm-ctl', 'echo "$*" >>/run/told; echo no such port >&2; exit 1');
    await expect(attach(driver)).rejects.toMatchObject({ message: expect.stringContaining('no such port') as unknown });
    expect(told()).toEqual([`--bind-port ${uuid} mido0`]);
    const port = `<networkport><uuid>${uuid}</uuid><owner><name>vm</name><uuid>${uuid}</uuid></owner><mac address='${mac}'/></networkport>`;
    await expect(driver.createPort('overlay', port)).rejects.toMatchObject({
      code: 'VNI204',
      libvirt: { code: 67, message: expect.stringContaining('not supported for network') as unknown },
    });
    expect(links()).toEqual(before);
    expect(await driver.ports('overlay')).toEqual([]);
    expect((await driver.diff()).steps).toEqual([]);
  }, 30_000);

  // A recording tool stands for MidoNet's, which is not to be had any more: what the agent would do nothing here shows.
  test('is told the guest’s device by its tool, once, and unbound with the guest, also when that fails', async () => {
    standIn('mm-ctl', 'echo "$*" >>/run/told');
    rmSync('/run/told', { force: true });
    const before = links();
    {
      await using driver = await openDriver();
      await driver.up([midonet]);
      await attach(driver);
    }
    await using later = await openDriver(); // as after a restart: it knows only what the files say
    expect((await later.diff()).steps).toEqual([]);
    expect(existsSync('/sys/class/net/mido0/master')).toBe(false);
    await later.stop('overlay');
    await later.start('overlay');
    expect(told()).toEqual([`--bind-port ${uuid} mido0`]);
    standIn('mm-ctl', 'echo "$*" >>/run/told; exit 1');
    await later.detach('overlay', 'one');
    expect(told().slice(1)).toEqual([`--unbind-port ${uuid}`]);
    expect(links()).toEqual(before);
    expect((await later.diff()).steps).toEqual([]);
  }, 30_000);
});
