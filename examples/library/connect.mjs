// Works with this host's networks through virtnetd where it runs, and without it where it does not.
// Run it as root in a sandbox:   virtnet sandbox -- node examples/library/connect.mjs
import { connect } from 'virtnet/driver';

const driver = await connect();
try {
  await driver.define("<network><name>shared</name><bridge name='virbr77'/></network>");
  for (const { name, active } of await driver.list()) console.log(name, active ? 'runs' : 'is stopped');
  await driver.undefine('shared');
} finally {
  await driver[Symbol.asyncDispose]();
}
