import type { Bandwidth } from './bandwidth.ts';
import type { VirtualPort } from './virtualport.ts';
import type { Vlan } from './vlan.ts';

/** `<portgroup>`: a class of guests with settings of its own. */
export interface PortGroup {
  readonly name: string;
  readonly default: boolean;
  readonly trustGuestRxFilters?: boolean;
  readonly vlan?: Vlan;
  readonly virtualport?: VirtualPort;
  readonly bandwidth?: Bandwidth;
}
