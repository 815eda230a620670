'use strict';
/**
 * Runs a built program once and writes V8's code of what has run beside it: node scripts/lib/code-cache.cjs DIST virtnet|virtnetd FOLDER
 * FOLDER/etc holds one definition, `default`. The command lists it and plans its start: it has read a document, looked at the host and printed.
 * The daemon serves a client that looks at it and stores another one, as `virsh` does. No network is started and nothing of the host changes.
 */
const { once } = require('node:events');
const { writeFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { connect } = require('node:net');
const { join, resolve } = require('node:path');

const [, , dist, name, folder] = process.argv;
const start = resolve(dist, `${name}.cjs`);
const [etc, run, lib, sockets] = ['etc', 'run', 'lib', 'sockets'].map((part) => join(folder, part));
Object.assign(process.env, { VIRTNET_CONFIG_DIR: etc, VIRTNET_RUN_DIR: run, VIRTNET_STATE_DIR: lib, VIRTNET_LIBVIRT_SOCKETS: sockets });
const runs =
  name === 'virtnet' ? [['list'], ['plan', resolve(__dirname, '../../examples/default.xml')]] : [['--no-watch', '--log-level', 'error']];
process.argv = [process.argv[0], start, ...runs.shift()];
const script = require(start);
// The same code again, for another verb. What that comes to here is no matter: whoever builds may look at less of the host than root may.
let code;
process.on('beforeExit', () => {
  const args = runs.shift();
  if (!args) return;
  code ??= process.exitCode ?? 0;
  process.argv = [process.argv[0], start, ...args];
  script.runInThisContext()({}, createRequire(start), {}, start, resolve(dist));
});
process.on('exit', () => {
  process.exitCode = code ?? process.exitCode;
  writeFileSync(resolve(dist, `${name}-program.cjs.v8`), script.createCachedData());
});
if (name === 'virtnetd') serve().then(() => process.kill(process.pid, 'SIGTERM'));

/** The calls of a client, each awaited; numbers of procedures as in libvirt's remote_protocol.x. */
async function serve() {
  const socket = connect({ path: await listening(join(sockets, 'virtnetworkd-sock')) });
  const call = async (procedure, ...args) => {
    const body = Buffer.concat([0x20008086, 1, procedure, 0, 1, 0].map(word).concat(args));
    socket.write(Buffer.concat([word(body.length + 4), body]));
    await once(socket, 'data');
  };
  const uuid = Buffer.from('3e3fce454f534fa7bb3233f34168b82b', 'hex');
  const other = Buffer.concat([text('other'), uuid]);
  const xml = `<network><name>other</name><uuid>${uuid.toString('hex')}</uuid><forward mode='nat'/><bridge name='virbr9'/><mac address='52:54:00:00:00:09'/>
<ip address='10.9.9.1' netmask='255.255.255.0'><dhcp><range start='10.9.9.2' end='10.9.9.254'/></dhcp></ip></network>`;
  await call(1, word(1), text('network:///system'), word(0)); // open
  await call(283, word(1), word(0)); // list all networks
  // V8 keeps for long what runs often.
  for (let n = 0; n < 3; n++) {
    await call(41, text(xml)); // define
    await call(46, text('other')); // look up
    await call(43, other, word(0)); // dump
    await call(152, other); // is it active
    await call(49, other); // undefine
  }
  socket.destroy();
}

function word(value) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A string as XDR has it: its length, its bytes, filled up to a multiple of four. */
function text(value) {
  const bytes = Buffer.from(value);
  return Buffer.concat([word(bytes.length), bytes, Buffer.alloc(-bytes.length & 3)]);
}

async function listening(path) {
  for (let tries = 0; tries < 500; tries++) {
    const found = await new Promise((done) => {
      const probe = connect({ path }, () => (probe.destroy(), done(true))).once('error', () => done(false));
    });
    if (found) return path;
    await new Promise((done) => setTimeout(done, 20));
  }
  throw new Error(`nothing listens at ${path}`);
}
