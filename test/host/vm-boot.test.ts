import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { readLine } from '../support/ports.ts';
import { Guest, tapDevice, whyNoGuests, writeBootFiles } from '../vm/guest.ts';

const reason = whyNoGuests();
const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8' });

describe.skipIf(reason !== undefined)(`machines${reason === undefined ? '' : ` (${reason})`}`, () => {
  const driver = openDriver();
  afterAll(async () => {
    await (await driver)[Symbol.asyncDispose]();
  });

  test("boot over the network from its TFTP folder, and get the host's reserved address", async () => {
    const virtnet = await driver;
    writeBootFiles('/run/tmp/tftp');
    await virtnet.up([
      `<network><name>pxe</name><bridge name='virbr8'/>
        <ip address='10.78.0.1' netmask='255.255.255.0'>
          <tftp root='/run/tmp/tftp'/>
          <dhcp><range start='10.78.0.10' end='10.78.0.20'/><host mac='52:54:00:00:78:01' ip='10.78.0.15'/><bootp file='boot.ipxe'/></dhcp>
        </ip></network>`,
    ]);
    const { port } = await virtnet.attach('pxe', { attachment: { type: 'tap' }, mac: '52:54:00:00:78:01', owner: { name: 'diskless' } });
    const dev = port.attachment.type === 'tap' ? port.attachment.dev : '';
    {
      await using guest = await Guest.boot({ name: 'diskless', network: tapDevice(dev, port.port.mac), pxe: true });
      expect(await guest.dhcp()).toBe('10.78.0.15');
      expect(await guest.run('ping -c 1 -w 5 10.78.0.1')).toMatchObject({ code: 0 });
    }
    await virtnet.detach('pxe', 'diskless');
    await virtnet.stop('pxe');
  }, 240_000);

  test('are on the network of the macvtap’s parent', async () => {
    const virtnet = await driver;
    sh('ip netns add lan; ip link add up0 type veth peer name eth0 netns lan; ip link set up0 up');
    sh('ip -n lan address add 192.0.2.1/24 dev eth0; ip -n lan link set eth0 up');
    await virtnet.up([`<network><name>direct</name><forward mode='bridge'><interface dev='up0'/></forward></network>`]);
    const { port } = await virtnet.attach('direct', {
      attachment: { type: 'macvtap', dev: '' },
      mac: '52:54:00:00:78:02',
      owner: { name: 'one' },
    });
    const dev = port.attachment.type === 'macvtap' ? port.attachment.dev : '';
    // The node of /dev may be another namespace's: this one has the device's own numbers.
    const [major, minor] = readLine(`/sys/class/net/${dev}/macvtap/tap${readLine(`/sys/class/net/${dev}/ifindex`)}/dev`).split(':');
    sh(`mknod /run/tmp/macvtap c ${major ?? ''} ${minor ?? ''}`);
    const fd = openSync('/run/tmp/macvtap', 'r+');
    {
      const network = ['-netdev', 'tap,id=n0,fd=3', '-device', `virtio-net-pci,netdev=n0,mac=${port.port.mac}`];
      await using guest = await Guest.boot({ name: 'one', network, fds: [fd] });
      await guest.run('ip address add 192.0.2.9/24 dev eth0; ip link set eth0 up');
      expect(await guest.run('ping -c 2 -i 0.2 -w 10 192.0.2.1')).toMatchObject({ code: 0 });
      expect(sh('ip -n lan neigh show 192.0.2.9')).toContain(port.port.mac);
    }
    closeSync(fd);
    await virtnet.detach('direct', 'one');
    await virtnet.stop('direct');
    expect(sh('ip -br link | grep -c macvtap || true').trim()).toBe('0');
  }, 240_000);
});
