import type { AssociationResource, MidonetSpec } from '../../compile/host-state.ts';
import { run, tryRun } from '../tools/command.ts';

/** mm-ctl(1), which talks to the MidoNet agent of this host and to no other. */
export const MIDONET_TOOL = 'mm-ctl';

type Binding = Pick<AssociationResource, 'device'> & { readonly spec: MidonetSpec };

/** Binds a port of MidoNet's topology to a device of this host. */
export async function bindPort({ device, spec }: Binding): Promise<void> {
  await run([MIDONET_TOOL, '--bind-port', spec.interfaceid, device]);
}

/**
 * Ends the binding. A failure does not keep the guest plugged, as under libvirt: whoever runs MidoNet may have deleted the port before, and
 * the device that it was bound to goes in any case.
 */
export async function unbindPort({ spec }: Binding): Promise<void> {
  await tryRun([MIDONET_TOOL, '--unbind-port', spec.interfaceid]).catch(() => undefined);
}
