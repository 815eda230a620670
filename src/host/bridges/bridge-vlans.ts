import { VirtnetError } from '../../base/errors.ts';
import type { BridgePortResource } from '../../compile/host-state.ts';
import { run } from '../tools/command.ts';
import { StepFailure, type Look, type StepOf } from '../handler.ts';
import { batchLine } from '../iproute/ip-line.ts';
import type { IpArgs } from '../iproute/ip-line.ts';
import { readText } from '../system/small-files.ts';

type PortVlan = NonNullable<BridgePortResource['vlan']>;

/** A row of `bridge -json vlan show`. */
interface VlanRow {
  readonly ifname: string;
  readonly vlans: readonly { readonly vlan: number; readonly vlanEnd?: number; readonly flags?: readonly string[] }[];
}

/** What the kernel gives a port of its own accord (IEEE 802.1Q's default). */
const DEFAULT: PortVlan = { pvid: 1, untagged: 1, tagged: [] };
/** VLAN 0 is none, 4095 is reserved (IEEE 802.1Q). */
const FIRST = 1;
const LAST = 4094;

/**
 * The VLAN filters of bridge ports that have one: those on bridges that filter, but for the kernel's own default where nobody wants
 * another. bridge(8) is asked only where such a bridge is.
 */
export async function readVlans(ports: readonly BridgePortResource[], look: Look): Promise<ReadonlyMap<string, PortVlan>> {
  const bridges = [...new Set(ports.map(({ bridge }) => bridge))];
  const filters = bridges.map(isFiltering);
  if (!filters.includes(true)) return new Map();
  const rows = JSON.parse((await run(['bridge', '-json', 'vlan', 'show'])).stdout) as readonly VlanRow[];
  const byDevice = new Map(rows.map((row) => [row.ifname, row]));
  const found = new Map<string, PortVlan>();
  for (const { dev, bridge } of ports) {
    if (filters[bridges.indexOf(bridge)] !== true) continue;
    const wanted = look.desired('bridge-port').find((r) => r.dev === dev)?.vlan;
    const vlan = readPort(byDevice.get(dev), wanted);
    if (wanted || JSON.stringify(vlan) !== JSON.stringify(DEFAULT)) found.set(dev, vlan);
  }
  return found;
}

function isFiltering(bridge: string): boolean {
  return readText(`/sys/class/net/${bridge}/bridge/vlan_filtering`)?.trim() === '1';
}

/** Tagged VLANs come in the wanted order where they are the wanted ones, so that equal filters compare as equal. */
function readPort(row: VlanRow | undefined, wanted: PortVlan | undefined): PortVlan {
  const ids = (row?.vlans ?? []).flatMap(({ vlan, vlanEnd = vlan, flags = [] }) =>
    Array.from({ length: vlanEnd - vlan + 1 }, (_, i) => ({ id: vlan + i, flags })),
  );
  const pvid = ids.find(({ flags }) => flags.includes('PVID'))?.id;
  const untagged = ids.find(({ id, flags }) => flags.includes('Egress Untagged') && (pvid === undefined || id === pvid))?.id;
  const tagged = ids.filter(({ id }) => id !== untagged).map(({ id }) => id);
  const same = wanted?.tagged.length === tagged.length && tagged.every((id) => wanted.tagged.includes(id));
  return {
    ...(pvid !== undefined && { pvid }),
    ...(untagged !== undefined && { untagged }),
    tagged: same ? wanted.tagged : tagged,
  };
}

/** Sets the filters of the ports whose VLANs the steps change; undefined where none does. */
export function setVlans(steps: readonly StepOf<'bridge-port'>[]): (() => Promise<void>) | undefined {
  const changed = steps.flatMap((s, step) => {
    const isNew = s.op === 'create' && s.after?.vlan !== undefined;
    // On another bridge the kernel gives a port the default again.
    const isMoved = s.changed.includes('bridge');
    const isOther = s.op === 'change' && (isMoved ? s.after?.vlan !== undefined : s.changed.includes('vlan'));
    return s.after && (isNew || isOther) ? [{ step, bridge: s.after.bridge, lines: vlanLines(s.after.dev, s.after.vlan ?? DEFAULT) }] : [];
  });
  if (changed.length === 0) return undefined;
  return async () => {
    for (const { step, bridge, lines } of changed) {
      try {
        checkFiltering(bridge);
        await run(['bridge', '-batch', '-'], { input: lines.map((line) => `${batchLine(line)}\n`).join('') });
      } catch (error) {
        throw new StepFailure(step, error);
      }
    }
  };
}

/** A bridge that does not filter takes the settings and carries all VLANs to all guests: that is refused. */
function checkFiltering(bridge: string): void {
  if (isFiltering(bridge)) return;
  throw new VirtnetError({
    code: 'VNC005',
    message: `bridge '${bridge}' does not filter VLANs`,
    hint: `switch it on: ip link set dev ${bridge} type bridge vlan_filtering 1`,
    details: { bridge },
  });
}

/** First what shall be, then everything else away: what stays is never cut. */
function vlanLines(dev: string, { pvid, untagged, tagged }: PortVlan): readonly IpArgs[] {
  const ids = [...new Set([...(pvid === undefined ? [] : [pvid]), ...(untagged === undefined ? [] : [untagged]), ...tagged])];
  const add = ids.map((id) => [
    ...['vlan', 'add', 'dev', dev, 'vid', String(id)],
    ...(id === pvid ? ['pvid'] : []),
    ...(id === untagged ? ['untagged'] : []),
  ]);
  return [
    ...add,
    ...gaps(ids).map(([from, to]) => ['vlan', 'delete', 'dev', dev, 'vid', from === to ? String(from) : `${String(from)}-${String(to)}`]),
  ];
}

/** The ranges of VLANs between these. */
function gaps(ids: readonly number[]): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  let from = FIRST;
  for (const id of [...ids].sort((a, b) => a - b)) {
    if (id > from) found.push([from, id - 1]);
    from = id + 1;
  }
  if (from <= LAST) found.push([from, LAST]);
  return found;
}
