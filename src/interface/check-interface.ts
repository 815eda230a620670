import { refuse, type ReadContext } from '../network/context.ts';
import { unsupported } from '../network/libvirt-error.ts';
import { child, type XmlElement } from '../xml/node.ts';
import { FROM_DOMAIN } from './interface-source.ts';
import type { GuestInterface } from './interface.ts';
import { checkComplete } from './merge-virtualport.ts';

/** What libvirt refuses about an interface as a whole. Without a network behind it, its virtualport must be complete. */
export function checkInterface(context: ReadContext, element: XmlElement, guest: GuestInterface): void {
  const { source, virtualport } = guest;
  if (virtualport && source.type !== 'network') {
    const incomplete = checkComplete(virtualport);
    if (incomplete) {
      const { code, message, hint, libvirt } = incomplete;
      refuse(context, child(element, 'virtualport') ?? element, { code, message, hint, libvirt });
    }
  }
  if (guest.isolated !== true) return;
  const bad =
    source.type === 'direct' || source.type === 'hostdev'
      ? `type='${source.type}'`
      : virtualport?.type === undefined
        ? undefined
        : `virtualport type='${virtualport.type}'`;
  if (bad === undefined) return;
  refuse(context, child(element, 'port') ?? element, {
    code: 'VNI107',
    message: `an interface with ${bad} cannot be isolated from other guests`,
    attribute: 'isolated',
    found: 'yes',
    hint: "remove <port isolated='yes'/>",
    libvirt: unsupported(
      `interface ${guest.mac ?? ''} - <port isolated='yes'/> is not supported for network interfaces with ${bad}`,
      FROM_DOMAIN,
    ),
  });
}
