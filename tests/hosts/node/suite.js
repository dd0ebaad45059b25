// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// A suite is a list of named cases, run in order by Node's own test runner (16.17 and newer). The
// first line says which Node runs; the exit code is 1 when a case failed or there was none.
const test = require('node:test');

console.log(`# node ${process.version} ${process.execPath}`);
let cases = 0;
let run = 0;
let before = Promise.resolve();

// One at a time, whatever the runner's version does with tests of the top level. A case that the
// runner never came to is a failure too.
module.exports = (name, body) => {
  cases++;
  const earlier = before;
  before = test(name, async (t) => {
    await earlier;
    run++;
    await body(t);
  });
};

process.on('exit', (code) => {
  if (code !== 0 || (cases > 0 && run === cases)) return;
  console.log(`# only ${run} of ${cases} cases ran`);
  process.exitCode = 1;
});
