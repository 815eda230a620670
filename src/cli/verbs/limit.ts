import { portNamed } from '../../driver/operations/attach.ts';
import type { PortRecord } from '../../compile/port.ts';
import { makeChange } from '../change.ts';
import { bandwidthOf } from '../limits.ts';
import type { Run } from '../verb.ts';
import { sentence } from '../render/text.ts';

export const run: Run = async (io, [name = '', guest = '', limit = ''], options) => {
  const { bandwidth } = limit === 'none' ? {} : bandwidthOf(limit);
  await using driver = await io.openDriver();
  const byUuid = async () => new Map((await driver.ports(name)).map((record) => [record.port.uuid, record]));
  const { uuid, owner } = portNamed({ ports: await byUuid() }, guest).port;
  let now: PortRecord | undefined;
  return await makeChange(
    io,
    { ...options, yes: true },
    {
      apply: async (how) => {
        const result = await driver.setPortBandwidth(name, uuid, bandwidth, how);
        now = (await byUuid()).get(uuid);
        return result;
      },
      showPlan: false,
      report: () =>
        now?.port.bandwidth === undefined
          ? sentence`${owner.name} has no limit on ${name}`
          : sentence`${owner.name} is limited on ${name}${limit === 'none' ? ' by its portgroup' : ''}`,
    },
  );
};
