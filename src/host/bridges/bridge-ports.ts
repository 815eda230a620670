import type { BridgePortResource } from '../../compile/host-state.ts';
import { readVlans, setVlans } from './bridge-vlans.ts';
import type { IpArgs } from '../iproute/ip-line.ts';
import type { IpHandler, StepOf } from '../handler.ts';
import { markedOwner } from '../links/link-rows.ts';
import { isSpanning, isUp, pauseSpanning, resumeSpanning, type SpanningPort } from '../links/spanning-tree.ts';

/** Devices plugged into a bridge: ours, and those that `desired` plugs (a guest's own tap). */
export const bridgePorts: IpHandler<'bridge-port'> = {
  async observe(look) {
    const ports = [...look.links.values()].flatMap((row): BridgePortResource[] => {
      const owner = look.ownerOf(row.ifname);
      const isNamed = look.request.desired.has(`bridge-port ${row.ifname}`);
      if (owner === undefined || row.master === undefined || row.linkinfo?.info_slave_kind !== 'bridge') return [];
      if (!isNamed && markedOwner(row) === undefined) return [];
      const data = row.linkinfo.info_slave_data ?? {};
      const flags = { isolated: data['isolated'] === true, learning: data['learning'] === true, unicastFlood: data['flood'] === true };
      return [{ kind: 'bridge-port', dev: row.ifname, bridge: row.master, ...flags, owner }];
    });
    const vlans = await readVlans(ports, look);
    return ports.map((port) => {
      const vlan = vlans.get(port.dev);
      return vlan ? { ...port, vlan } : port;
    });
  },

  ip(steps) {
    const lines = steps.flatMap((s, step) =>
      portLines(s).map((args) => ({ step, args, ...(s.op === 'delete' ? { fine: /Cannot find device|No such device/ } : {}) })),
    );
    return [...pauseSpanning(pluggedUp(steps)), ...lines];
  },

  after(steps, tools) {
    const vlans = setVlans(steps);
    const resume = resumeSpanning(pluggedUp(steps), tools);
    if (vlans === undefined || resume === undefined) return vlans ?? resume;
    return async () => {
      await vlans();
      await resume();
    };
  },
};

/** Guests' devices that are up already when the steps plug them into a bridge with spanning tree: somebody else made them. */
function pluggedUp(steps: readonly StepOf<'bridge-port'>[]): readonly SpanningPort[] {
  return steps.flatMap(({ before, after }, step) => {
    if (after?.owner.port === undefined || before?.bridge === after.bridge) return [];
    return isSpanning(after.bridge) && isUp(after.dev) ? [{ step, dev: after.dev, bridge: after.bridge }] : [];
  });
}

function portLines(s: StepOf<'bridge-port'>): readonly IpArgs[] {
  const r = s.after ?? s.before;
  if (!r) return [];
  const set = ['link', 'set', 'dev', r.dev];
  if (s.op === 'delete') return [[...set, 'nomaster']];
  const onOff = (value: boolean): string => (value ? 'on' : 'off');
  const flags = ['isolated', onOff(r.isolated), 'learning', onOff(r.learning), 'flood', onOff(r.unicastFlood)];
  const plug = s.before?.bridge === r.bridge ? [] : [[...set, 'master', r.bridge]];
  return [...plug, [...set, 'type', 'bridge_slave', ...flags]];
}
