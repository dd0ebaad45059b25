// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// node run.js [SUITE...]: the port's own test suite against the Node that runs this and the
// metacall package that it finds: NODE_PATH=<prefix>/lib/metacall/ports/node node tests/hosts/node/run.js
// Python must find the package too: PYTHONPATH=<prefix>/lib/metacall/ports/python. One process a
// suite; the exit code is 1 where one failed.
const { spawnSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const all = fs.readdirSync(__dirname).filter((name) => name.endsWith('.js')).map((name) =>
  name.slice(0, -3)).filter((name) => name !== 'run' && name !== 'suite').sort();
const wanted = process.argv.slice(2);
let failed = 0;

console.log(`# node ${process.version}, metacall in ${path.dirname(require.resolve('metacall'))}`);
for (const name of wanted.length > 0 ? wanted : all) {
  const start = Date.now();
  const ran = spawnSync(process.execPath, [path.join(__dirname, `${name}.js`)],
    { cwd: __dirname, encoding: 'utf8', maxBuffer: 1 << 28 });
  console.log(`${ran.status === 0 ? 'ok' : 'not ok'} - ${name} (${Date.now() - start} ms)`);
  if (ran.status === 0) continue;
  failed++;
  console.log(`${ran.stdout}${ran.stderr}`);
}
console.log(failed === 0 ? '# all suites passed' : `# ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
