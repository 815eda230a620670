import { formatPciAddress } from '../../network/pci-address.ts';
import type { PortRecord } from '../../compile/port.ts';

/**
 * The arguments with which QEMU uses a guest's device, as a line of shell; undefined for a guest that QEMU cannot use (a namespace).
 * A macvtap is opened by the shell and handed over as file descriptor 3. Names hold no letters with a meaning: the compile refuses them.
 */
export function qemuArguments({ attachment, port }: PortRecord): string | undefined {
  const device = (id: string): string => `-device virtio-net-pci,netdev=${id},mac=${port.mac}`;
  switch (attachment.type) {
    case 'tap': {
      // The kernel refuses a queue of a multi-queue tap to who does not ask for several.
      const [queues, mq] = attachment.multiQueue ? [',queues=2', ',mq=on'] : ['', ''];
      return `-netdev tap,id=${attachment.dev},ifname=${attachment.dev},script=no,downscript=no${queues} ${device(attachment.dev)}${mq}`;
    }
    case 'macvtap': {
      const node = `/dev/tap$(cat /sys/class/net/${attachment.dev}/ifindex)`;
      return `-netdev tap,id=${attachment.dev},fd=3 ${device(attachment.dev)} 3<>${node}`;
    }
    case 'hostdev':
      return port.plug?.type === 'hostdev-pci' ? `-device vfio-pci,host=${formatPciAddress(port.plug.address)}` : undefined;
    case 'netns':
    case 'none':
      return undefined;
  }
}
