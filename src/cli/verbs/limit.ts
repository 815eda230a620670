import { portNamed } from '../../driver/attach.ts';
import { OK } from '../exit.ts';
import { bandwidthOf } from '../limits.ts';
import { flag, type Run } from '../verb.ts';
import { printJson } from '../views.ts';

export const run: Run = async (io, [name = '', guest = '', limit = ''], options) => {
  const { bandwidth } = limit === 'none' ? {} : bandwidthOf(limit);
  await using driver = await io.openDriver();
  const byUuid = async () => new Map((await driver.ports(name)).map((record) => [record.port.uuid, record]));
  const { uuid, owner } = portNamed({ ports: await byUuid() }, guest).port;
  await driver.setPortBandwidth(name, uuid, bandwidth);
  const now = (await byUuid()).get(uuid);
  if (flag(options, 'json')) io.out(printJson({ port: { network: name, ...now } }));
  else if (now?.port.bandwidth === undefined) io.out(`${owner.name} has no limit on ${name}\n`);
  else io.out(`${owner.name} is limited on ${name}${limit === 'none' ? ' by its portgroup' : ''}\n`);
  return OK;
};
