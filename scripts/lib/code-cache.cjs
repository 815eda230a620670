/**
 * Runs the built command once and writes V8's code of what has run beside it: node scripts/lib/code-cache.cjs DIST [ARGUMENTS...]
 * The arguments are those of the command.
 */
const { writeFileSync } = require('node:fs');
const { resolve } = require('node:path');

const [, , dist, ...args] = process.argv;
const start = resolve(dist, 'virtnet.cjs');
process.argv = [process.argv[0], start, ...args];
const script = require(start);
process.on('exit', () => writeFileSync(resolve(dist, 'virtnet-program.cjs.v8'), script.createCachedData()));
