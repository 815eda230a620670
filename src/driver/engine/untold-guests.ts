import type { Diagnostic } from '../../base/diagnostic.ts';
import { isBounce, renumberedNetworks } from '../../plan/bounce.ts';
import type { Step } from '../../plan/plan.ts';
import type { DriverState } from '../state/state.ts';

/** The guests of renumbered networks that the plan does not tell, because their links cannot be bounced from the host (VND017). */
export function untoldGuests(steps: readonly Step[], state: DriverState): readonly Diagnostic[] {
  const told = new Set(steps.flatMap((step) => (isBounce(step) ? (step.after?.owner?.port ?? []) : [])));
  return [...renumberedNetworks(steps)].flatMap((uuid) => {
    const record = state.networks.get(uuid);
    // A guest of a namespace that is not told is one whose link is down or made anew: it asks when it comes up.
    const untold = [...(record?.ports.values() ?? [])].filter(
      ({ port, attachment }) => !told.has(port.uuid) && attachment.type !== 'netns',
    );
    return untold.map(({ port, attachment }): Diagnostic => {
      const dev = 'dev' in attachment ? ` on '${attachment.dev}'` : '';
      return {
        code: 'VND017',
        severity: 'warning',
        message: `guest '${port.owner.name}'${dev} is not told of its new address: only its hypervisor can take its link down`,
        hint: 'bounce it there (QEMU: `set_link ID off`, then `on`; libvirt: virsh domif-setlink), or renew its lease in the guest',
        source: record?.name ?? uuid,
      };
    });
  });
}
