import { child, type XmlElement } from '../xml/node.ts';
import { attribute } from '../xml/node.ts';
import { refuse, type ReadContext } from './context.ts';
import { xmlError } from './libvirt-error.ts';
import { isManaged, type Network } from './network.ts';

/** Refuses parts that do not go with the forward mode, as libvirt's reader does once it has read all elements. */
export function checkModeParts(context: ReadContext, root: XmlElement, network: Network): void {
  const { forward } = network;
  switch (forward.mode) {
    case 'none':
      break;
    case 'nat':
    case 'route':
      checkRouted(context, root, network);
      break;
    case 'open':
      if (forward.interfaces.length + forward.addresses.length > 0) {
        refuse(context, child(root, 'forward') ?? root, {
          code: 'VNM050',
          message: "mode 'open' takes no forward device",
          attribute: 'dev',
          hint: "remove the device, or write mode='route'",
          libvirt: xmlError(`forward dev not allowed for network '${context.name}' with forward mode='open'`),
        });
      }
      break;
    case 'bridge':
    case 'private':
    case 'vepa':
    case 'passthrough':
    case 'hostdev':
      checkUnmanaged(context, root, network);
      break;
  }
  const mtu = child(root, 'mtu');
  if (network.mtu && mtu && !isManaged(network)) {
    refuse(context, mtu, {
      code: 'VNM050',
      message: `an MTU has no meaning in mode '${forward.mode}'`,
      hint: 'remove <mtu>; set it on the device itself',
      libvirt: xmlError(`mtu size only allowed in open, route, nat, and isolated mode, not in ${forward.mode} (network '${context.name}')`),
    });
  }
}

function checkRouted(context: ReadContext, root: XmlElement, network: Network): void {
  const { mode, interfaces, addresses } = network.forward;
  const forward = child(root, 'forward') ?? root;
  if (!child(root, 'ip')) {
    refuse(context, forward, {
      code: 'VNM048',
      message: `mode '${mode}' needs an address, and the network has no <ip>`,
      hint: "add <ip address='192.168.100.1' prefix='24'/>",
      libvirt: xmlError(`${mode} forwarding requested, but no IP address provided for network '${context.name}'`),
    });
  }
  if (interfaces.length + addresses.length > 1) {
    refuse(context, forward, {
      code: 'VNM051',
      message: `mode '${mode}' takes one forward device`,
      found: interfaces.map((i) => i.dev).join(', '),
      hint: 'keep one, or none: then the routes of the host decide',
      libvirt: xmlError(`multiple forwarding interfaces specified for network '${context.name}', only one is supported`),
    });
  }
}

function checkUnmanaged(context: ReadContext, root: XmlElement, network: Network): void {
  const { mode, interfaces, addresses, pf } = network.forward;
  const element = child(root, 'bridge') ?? root;
  const { bridge } = network;
  if (mode !== 'bridge' && bridge?.name !== undefined) {
    refuse(context, element, {
      code: 'VNM050',
      message: `mode '${mode}' uses devices of the host, not a bridge`,
      attribute: 'name',
      found: bridge.name,
      hint: "remove <bridge>, or write <forward mode='bridge'/>",
      libvirt: xmlError(`bridge name not allowed in ${mode} mode (network '${context.name}')`),
    });
  }
  const refuseOnly = (name: string, what: string): void => {
    refuse(context, element, {
      code: 'VNM050',
      message: `${name} belongs to a bridge; mode '${mode}' uses none`,
      attribute: name,
      hint: `remove ${name}`,
      libvirt: xmlError(`bridge ${what} not allowed in ${mode} mode (network '${context.name}')`),
    });
  };
  if (mode !== 'bridge' && bridge?.zone !== undefined) refuseOnly('zone', 'zone');
  if (mode !== 'bridge' && bridge?.macTableManager !== undefined) refuseOnly('macTableManager', 'macTableManager setting');
  if (bridge && (bridge.delay > 0 || bridge.zone !== undefined || attribute(element, 'stp'))) {
    refuse(context, element, {
      code: 'VNM050',
      message: `delay, stp and zone belong to a bridge that the network makes; mode '${mode}' makes none`,
      hint: 'remove delay, stp and zone',
      libvirt: xmlError(
        `bridge delay/stp/zone options only allowed in open, route, nat, and isolated mode, not in ${mode} (network '${context.name}')`,
      ),
    });
  }
  if (mode === 'bridge' && bridge?.name !== undefined && (interfaces.length + addresses.length > 0 || pf)) {
    refuse(context, child(root, 'forward') ?? root, {
      code: 'VNM039',
      message: 'guests go either on a bridge of the host or on its devices; both are given',
      hint: 'remove <bridge>, or the devices',
      libvirt: xmlError(
        `A network with forward mode='bridge' can specify a bridge name or a forward dev, but not both (network '${context.name}')`,
      ),
    });
  }
}
