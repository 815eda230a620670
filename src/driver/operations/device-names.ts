import type { PortRecord } from '../../compile/port.ts';
import type { OperationContext } from '../engine/change.ts';
import type { DriverState } from '../state/state.ts';

/** Names of devices that ports of any network (running or not) have on the host. */
export function devicesOfPorts(state: DriverState): ReadonlySet<string> {
  const names = new Set<string>();
  for (const record of state.networks.values()) {
    for (const { attachment } of record.ports.values()) if ('dev' in attachment) names.add(attachment.dev);
  }
  return names;
}

/** Names of devices that ports have inside one network namespace. */
export function devicesInNetns(state: DriverState, netns: string): ReadonlySet<string> {
  const ports = [...state.networks.values()].flatMap((record): PortRecord[] => [...record.ports.values()]);
  return new Set(ports.flatMap(({ attachment: a }) => (a.type === 'netns' && a.netns === netns ? [a.guestDev] : [])));
}

/** The first of `eth0`, `eth1` ... that nothing has. */
export function freeName(stem: string, taken: ReadonlySet<string>): string {
  return countingNames()(stem, (name) => taken.has(name));
}

/**
 * Gives `vnet0`, `vnet1` ..., each that nothing has once: the numbers count upwards for as long as it lives, as libvirt's do, so that whoever
 * remembers a device by its name is not soon shown another one, and a thousand names that are taken are not tried for each guest.
 */
export function countingNames(): OperationContext['deviceName'] {
  const next = new Map<string, number>();
  return (stem, isTaken) => {
    for (let n = next.get(stem) ?? 0; ; n = (n + 1) % NUMBERS) {
      const name = `${stem}${String(n)}`;
      if (isTaken(name)) continue;
      next.set(stem, (n + 1) % NUMBERS);
      return name;
    }
  };
}

/** Short enough for the longest stem in a device's name of 15 bytes. */
const NUMBERS = 1_000_000;
