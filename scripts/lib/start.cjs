'use strict';
/**
 * What bin/virtnet and bin/virtnetd start, copied to dist/NAME.cjs. It loads the program from its text together with what V8 made of that text
 * when it was built (scripts/build.mjs): without, 900 KB are compiled anew at each start, a third of the time of `virtnet list`. Another
 * version of Node than the one of the build rejects V8's part, and the program starts as fast as it can.
 */
const { readFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const { Script } = require('node:vm');

const filename = join(__dirname, `${basename(__filename, '.cjs')}-program.cjs`);
const script = new Script(`(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, 'utf8')}\n})`, {
  filename,
  cachedData: codeCache(),
});
script.runInThisContext()(exports, require, module, filename, __dirname);
// Only the build asks for it: the functions that have run are in it too.
module.exports = script;

function codeCache() {
  try {
    return readFileSync(`${filename}.v8`);
  } catch {
    return undefined;
  }
}
