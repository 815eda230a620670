import type { PortRecord } from '../compile/port.ts';
import type { DriverState } from './state.ts';

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

/** The first of `vnet0`, `vnet1` ... that nothing has. */
export function freeName(stem: string, ...taken: readonly { readonly has: (name: string) => boolean }[]): string {
  for (let n = 0; ; n++) {
    const name = `${stem}${String(n)}`;
    if (!taken.some((set) => set.has(name))) return name;
  }
}
