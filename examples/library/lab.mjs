// A network with one guest by the library: what will happen, make it so, plug a guest, watch, take it all down.
// Run it as root in a sandbox:   virtnet sandbox -- sh -c 'ip netns add web && node examples/library/lab.mjs web'
import { openDriver } from 'virtnet/driver';
import { buildNetwork, subnet, wholeRange, writeNetwork } from 'virtnet/network';

const [netns = 'web'] = process.argv.slice(2);
const address = '10.44.0.1/24';
const lab = buildNetwork({
  name: 'lab',
  forward: { mode: 'nat' },
  domain: { name: 'lab.internal', localOnly: true },
  ips: [subnet(address, { dhcp: { ranges: [wholeRange(address)] } })],
});

const driver = await openDriver();
try {
  driver.on((event) => console.log('event:', event.type, 'event' in event ? event.event : '', event.name));

  const { plan } = await driver.up([writeNetwork(lab)], { dryRun: true });
  for (const step of plan.steps) console.log(`${step.op} ${step.key}: ${step.reason}`);

  await driver.up([writeNetwork(lab)]);
  const { port: guest } = await driver.attach('lab', { attachment: { type: 'netns', netns }, owner: { name: netns } });
  console.log(`plugged ${guest.port.owner.name} with ${guest.port.mac}`);

  const drift = await driver.diff();
  console.log(`steps to be as it should be: ${drift.steps.length}`);

  await driver.detach('lab', guest.port.uuid);
  await driver.stop('lab');
  await driver.undefine('lab');
} finally {
  await driver[Symbol.asyncDispose]();
}
