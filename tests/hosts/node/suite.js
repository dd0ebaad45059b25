// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// A suite is a list of named cases, run in order; Node 16 has no test runner of its own. The first
// line says which Node runs, the exit code is 1 when a case failed.
const cases = [];

function test(name, body) {
  cases.push({ name, body });
}

async function run() {
  console.log(`# node ${process.version}`);
  let failed = 0;
  for (const { name, body } of cases) {
    try {
      await body();
      console.log(`ok - ${name}`);
    } catch (error) {
      failed++;
      console.log(`not ok - ${name}\n${error && error.stack ? error.stack : error}`);
    }
  }
  console.log(`# ${cases.length - failed} of ${cases.length}`);
  if (failed > 0 || cases.length === 0) process.exitCode = 1;
}

setImmediate(run);
module.exports = test;
