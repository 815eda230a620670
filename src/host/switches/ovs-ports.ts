import { resourceKey, type OvsPortResource, type Owner } from '../../compile/host-state.ts';
import { VirtnetError } from '../../base/errors.ts';
import { commandError, tryRun } from '../tools/command.ts';
import { StepFailure, type DirectHandler, type Look, type StepOf } from '../handler.ts';
import { atoms, ovsdbSelect, pairs, uuidText, type OvsdbRow, type OvsdbSelect } from './ovsdb.ts';

/** The keys that say whose a port is, in the external_ids of its Interface row. */
const MARK = { network: 'virtnet-network', port: 'virtnet-port' } as const;

/** External ids that virtnet sets. Others are a controller's own (OVN writes `ovn-installed`) and are left alone. */
const OWN_IDS: ReadonlySet<string> = new Set(['attached-mac', 'vm-id', 'iface-status', 'iface-id', 'port-profile']);

/** Seconds that ovs-vsctl waits for ovs-vswitchd to carry a change out. */
const WAIT_SECONDS = 10;

/** Guests' devices on Open vSwitch bridges. */
export const ovsPorts: DirectHandler<'ovs-port'> = {
  async observe(look) {
    const found = await ovsdbSelect(interfaceSelects(look));
    const interfaces = uniqueByName(found?.flat() ?? []);
    if (interfaces.length === 0) return [];
    const [bridges = [], ports = []] = (await ovsdbSelect(TABLES)) ?? [];
    const bridgeOf = new Map(bridges.flatMap((b) => atoms(b['ports']).map((port) => [uuidText(port), String(b['name'])] as const)));
    const portOf = new Map(ports.map((port) => [String(port['name']), port]));
    return interfaces.flatMap((row): readonly OvsPortResource[] => {
      const port = portOf.get(String(row['name']));
      const bridge = bridgeOf.get(uuidText(port?.['_uuid']));
      const owner = ownerOf(row, look);
      return port && bridge !== undefined && owner ? [readPort(port, row, { bridge, owner }, look)] : [];
    });
  },

  async execute(steps) {
    if ((await vsctl(steps.map(commandOf))) === undefined) return;
    // All of it is one transaction, so nothing was done: one at a time tells which step it is.
    for (const [i, step] of steps.entries()) {
      const error = await vsctl([commandOf(step)]);
      if (error) throw new StepFailure(i, error);
    }
  },
};

const TABLES: readonly OvsdbSelect[] = [
  { table: 'Bridge', where: [], columns: ['name', 'ports'] },
  { table: 'Port', where: [], columns: ['_uuid', 'name', 'tag', 'trunks', 'vlan_mode', 'protected'] },
];

/** Asks for the rows with a mark of the wanted networks and for those of devices that matter here; the database does the search. */
function interfaceSelects(look: Look): readonly OvsdbSelect[] {
  const select = (where: OvsdbSelect['where']): OvsdbSelect => ({ table: 'Interface', where, columns: ['name', 'external_ids'] });
  const { networks } = look.request;
  if (networks === 'all') return [select([])];
  const unplugged = [...look.links.values()].filter((row) => row.linkinfo?.info_slave_kind !== 'bridge').map((row) => row.ifname);
  const devices = new Set([...unplugged, ...look.desired('ovs-port').map(({ dev }) => dev)]);
  return [
    ...[...networks].map((network) => select([['external_ids', 'includes', ['map', [[MARK.network, network]]]]])),
    ...[...devices].map((dev) => select([['name', '==', dev]])),
  ];
}

function uniqueByName(rows: readonly OvsdbRow[]): readonly OvsdbRow[] {
  return [...new Map(rows.map((row) => [String(row['name']), row])).values()];
}

/** By its mark; a port without one that somebody made of a guest's device is that guest's. */
function ownerOf(row: OvsdbRow, look: Look): Owner | undefined {
  const ids = pairs(row['external_ids']);
  const network = ids.get(MARK.network);
  const port = ids.get(MARK.port);
  if (network === undefined) {
    const owner = look.ownerOf(String(row['name']));
    return owner?.port !== undefined && look.wants(owner.network) ? owner : undefined;
  }
  return look.wants(network) ? { network, ...(port !== undefined && { port }) } : undefined;
}

function readPort(port: OvsdbRow, row: OvsdbRow, place: { readonly bridge: string; readonly owner: Owner }, look: Look): OvsPortResource {
  const tag = atoms(port['tag'])[0];
  const vlanMode = atoms(port['vlan_mode'])[0] as OvsPortResource['vlanMode'];
  const bare: OvsPortResource = {
    kind: 'ovs-port',
    ...place,
    dev: String(port['name']),
    ...(tag !== undefined && { tag: Number(tag) }),
    trunks: atoms(port['trunks']).map(Number),
    ...(vlanMode !== undefined && { vlanMode }),
    isolated: port['protected'] === true,
    externalIds: {},
  };
  const wanted = look.request.desired.get(resourceKey(bare));
  const desired = wanted?.kind === 'ovs-port' ? wanted : undefined;
  const ids = [...pairs(row['external_ids'])].filter(([key]) => OWN_IDS.has(key) || desired?.externalIds[key] !== undefined);
  // A port without our mark shows no ids: the change that sets them brings the mark as well.
  const isMarked = pairs(row['external_ids']).has(MARK.network);
  return {
    ...bare,
    trunks: inOrderOf(desired?.trunks ?? [], bare.trunks),
    externalIds: isMarked ? Object.fromEntries(ids) : {},
  };
}

/** The database keeps sets sorted: an equal set comes in the wanted order, so that it compares as equal. */
function inOrderOf(wanted: readonly number[], found: readonly number[]): readonly number[] {
  const same = wanted.length === found.length && found.every((id) => wanted.includes(id));
  return same ? wanted : found;
}

/** One step as commands of ovs-vsctl(8), joined by `--`. */
function commandOf(step: StepOf<'ovs-port'>): readonly string[] {
  const { after, before } = step;
  const port = after ?? before;
  if (!port) return [];
  for (const name of [port.bridge, port.dev]) checkName(name);
  if (!after) return ['--if-exists', 'del-port', port.bridge, port.dev];
  const { bridge, dev, tag, trunks, vlanMode, owner } = after;
  const columns = [
    ...(tag === undefined ? [] : [`tag=${String(tag)}`]),
    ...(trunks.length === 0 ? [] : [`trunks=[${trunks.join(',')}]`]),
    ...(vlanMode === undefined ? [] : [`vlan_mode=${vlanMode}`]),
    `protected=${String(after.isolated)}`,
  ];
  const ids = {
    ...after.externalIds,
    [MARK.network]: owner.network,
    ...(owner.port !== undefined && { [MARK.port]: owner.port }),
  };
  const pair = ([key, value]: readonly [string, string]): string => `external_ids:${atom(key)}=${atom(value)}`;
  return [
    ...['--may-exist', 'add-port', bridge, dev],
    ...['--', 'clear', 'Port', dev, 'tag', 'trunks', 'vlan_mode'],
    ...['--', 'set', 'Port', dev, ...columns],
    ...['--', 'remove', 'Interface', dev, 'external_ids', ...[...OWN_IDS, ...Object.values(MARK)].map(atom)],
    ...['--', 'set', 'Interface', dev, ...Object.entries(ids).map(pair)],
  ];
}

/** A string in the form that ovs-vsctl reads as a string whatever it holds (ovs-vsctl(8), "Database Values"). */
function atom(text: string): string {
  return JSON.stringify(text);
}

/** After its command's name ovs-vsctl takes every word as it is, but for the one that begins the next command. */
function checkName(name: string): void {
  if (name !== '--') return;
  throw new VirtnetError({ code: 'VNH001', message: `ovs-vsctl(8) cannot be told the name '${name}'`, hint: 'use another name' });
}

/** Carries commands out as one transaction and waits until the switch has followed; gives the error when it did not. */
async function vsctl(commands: readonly (readonly string[])[]): Promise<unknown> {
  const words = commands.filter((c) => c.length > 0).flatMap((c) => ['--', ...c]);
  if (words.length === 0) return undefined;
  try {
    const result = await tryRun(['ovs-vsctl', `--timeout=${String(WAIT_SECONDS)}`, ...words]);
    // A device that the switch cannot open is only a warning there, on stderr and with status 0.
    return result.code === 0 && !result.stderr.includes('Error detected while setting up') ? undefined : commandError(result);
  } catch (error) {
    return error;
  }
}
