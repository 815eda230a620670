import { expect, it } from 'vitest';
import { portRecord } from '../../../test/support/ports.ts';
import { qemuArguments } from './qemu.ts';

it('prints what QEMU needs to use a tap, a macvtap or a virtual function', () => {
  const tap = portRecord(1, 'vm', { type: 'tap', dev: 'vnet0', vnetHeader: true, multiQueue: false });
  expect(qemuArguments(tap)).toBe(
    '-netdev tap,id=vnet0,ifname=vnet0,script=no,downscript=no -device virtio-net-pci,netdev=vnet0,mac=52:54:00:00:00:01',
  );
  const queues = qemuArguments(portRecord(1, 'vm', { type: 'tap', dev: 'vnet0', vnetHeader: true, multiQueue: true }));
  expect(queues).toContain('downscript=no,queues=2 ');
  expect(queues).toMatch(/,mq=on$/);
  const macvtap = portRecord(2, 'vm', { type: 'macvtap', dev: 'macvtap0' });
  expect(qemuArguments(macvtap)).toBe(
    '-netdev tap,id=macvtap0,fd=3 -device virtio-net-pci,netdev=macvtap0,mac=52:54:00:00:00:02 3<>/dev/tap$(cat /sys/class/net/macvtap0/ifindex)',
  );
  const address = { domain: 0, bus: 4, slot: 16, function: 1 };
  const hostdev = portRecord(3, 'vm', { type: 'hostdev' }, { plug: { type: 'hostdev-pci', managed: true, address } });
  expect(qemuArguments(hostdev)).toBe('-device vfio-pci,host=0000:04:10.1');
  expect(qemuArguments(portRecord(4, 'box', { type: 'netns', dev: 'veth0', netns: 'box', guestDev: 'eth0' }))).toBeUndefined();
});
