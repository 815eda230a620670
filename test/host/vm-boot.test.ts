// last: few guests boot over the network
import { execFileSync, spawnSync } from 'node:child_process';
import { afterAll, describe, expect, test } from 'vitest';
import { openDriver } from '../../src/driver/open.ts';
import { readLine } from '../support/ports.ts';
import { Guest, whyNoGuests, writeBootFiles } from '../vm/guest.ts';
import { isRoot } from '../support/root.ts';

const reason = whyNoGuests();
const sh = (command: string): string => execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The words of the command. /dev is all namespaces': where another one's device has the name of the new node, the next one has another name. */
function attachMacvtap(options: string): string {
  for (let tries = 1; ; tries++) {
    try {
      return sh(`bin/virtnet attach direct --macvtap --mac 52:54:00:00:78:02 --owner one ${options} --qemu`).trim();
    } catch (error) {
      if (tries === 10 || !String(error).includes('has no node in /dev')) throw error;
    }
  }
}

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
    const words = sh('bin/virtnet attach pxe --tap --mac 52:54:00:00:78:01 --owner diskless --qemu');
    {
      await using guest = await Guest.boot({ name: 'diskless', network: words.trim(), pxe: true });
      expect(await guest.dhcp()).toBe('10.78.0.15');
      expect(await guest.run('ping -c 1 -w 5 10.78.0.1')).toMatchObject({ code: 0 });
    }
    await virtnet.detach('pxe', 'diskless');
    await virtnet.stop('pxe');
  }, 240_000);

  test.skipIf(!isRoot)(
    'are on the network of the macvtap’s parent (without root nobody else may have its node)',
    async () => {
      const virtnet = await driver;
      sh('ip netns add lan; ip link add up0 type veth peer name eth0 netns lan; ip link set up0 up');
      sh('ip -n lan address add 192.0.2.1/24 dev eth0; ip -n lan link set eth0 up');
      await virtnet.up([`<network><name>direct</name><forward mode='bridge'><interface dev='up0'/></forward></network>`]);
      const words = attachMacvtap('--user nobody --group nogroup');
      const [port] = await virtnet.ports('direct');
      const dev = port?.attachment.type === 'macvtap' ? port.attachment.dev : '';
      {
        await using guest = await Guest.boot({ name: 'one', network: words });
        await guest.run('ip address add 192.0.2.9/24 dev eth0; ip link set eth0 up');
        expect(await guest.run('ping -c 2 -i 0.2 -w 10 192.0.2.1')).toMatchObject({ code: 0 });
        expect(sh('ip -n lan neigh show 192.0.2.9')).toContain(port?.port.mac);
      }
      // Its node is the user's, and is so again when somebody took it from them.
      const node = `/dev/tap${readLine(`/sys/class/net/${dev}/ifindex`)}`;
      expect((await virtnet.portStatus('direct')).map((status) => status.node)).toMatchObject([
        { path: node, user: 'nobody', group: 'nogroup', mode: '660' },
      ]);
      const opens = (user: string): boolean =>
        spawnSync('setpriv', ['--reuid', user, '--clear-groups', 'sh', '-c', `exec 3<>${node}`], { stdio: 'ignore' }).status === 0;
      expect([opens('nobody'), opens('daemon')]).toEqual([true, false]);
      sh(`chown root:root ${node}`);
      expect((await virtnet.diff()).steps.map(({ key, changed }) => [key, changed])).toEqual([[`link ${dev}`, ['user', 'group']]]);
      await virtnet.repair();
      expect([opens('nobody'), (await virtnet.diff()).steps]).toEqual([true, []]);
      await virtnet.detach('direct', 'one');
      await virtnet.stop('direct');
      expect(sh('ip -br link | grep -c macvtap || true').trim()).toBe('0');
    },
    240_000,
  );
});
