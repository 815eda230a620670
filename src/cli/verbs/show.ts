import { OK } from '../exit.ts';
import { formatShow, type ShowData } from '../render/show.ts';
import { leaseView } from '../render/lease.ts';
import { poolUse } from '../render/pool.ts';
import { flag, type Run } from '../verb.ts';
import { forwardsView, networkView, planView, printJson } from '../views.ts';

export const run: Run = async (io, [name = ''], options) => {
  await using driver = await io.openDriver();
  // Begun first: it waits for tools, and only a running network's is shown.
  const drifting = driver.diff(name);
  drifting.catch(() => undefined);
  const found = await driver.get(name);
  const ref = { uuid: found.uuid };
  const [ports, status, leases, drift, warnings] = found.active
    ? await Promise.all([driver.ports(ref), driver.portStatus(ref), driver.leases(ref), drifting, driver.warnings([ref])])
    : [[], [], [], { steps: [], diagnostics: [] }, []];
  const info = { ...found, warnings: [...found.warnings, ...warnings] };
  const data: ShowData = { info, ports, status, leases, drift, now: Date.now() / 1000 };
  if (flag(options, 'json')) {
    io.out(
      printJson({
        ...networkView(info),
        network: info.network,
        forwards: forwardsView(info.network),
        pools: poolUse(info.network, leases, data.now),
        ports: ports.map((port, i) => ({ network: info.name, ...port, status: status[i] })),
        leases: leases.map((lease) => leaseView(info, ports, lease)),
        drift: planView(drift),
        tainted: info.network.dnsmasqOptions.length > 0,
      }),
    );
  } else io.out(formatShow(data, io.outStyle, io.width, io.tableWidth));
  return OK;
};
