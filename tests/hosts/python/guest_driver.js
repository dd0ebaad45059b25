// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// node guest_driver.js SCRIPT FUNCTION...: loads the Python script, calls each function and prints
// what it gave, as embed.c does; then ends as METACALL_TEST_END says, with status 5.
const { metacall_load_from_file_export: load } = require('metacall');

const [script, ...names] = process.argv.slice(2);
const { METACALL_TEST_END: end, METACALL_TEST_WAIT: wait } = process.env;
let py = {};
try {
  py = load('py', [script]);
} catch (error) {
  console.log(`load failed: ${error.name}: ${error.message}`);
}
for (const name of names) {
  try {
    console.log(JSON.stringify(py[name]()));
  } catch (error) {
    console.log(`${name} failed: ${error.name}: ${error.message}`);
  }
}

function finish() {
  if (end === 'exit') process.exit(5);
  if (end === 'throw') throw new Error('uncaught');
  process.exitCode = 5;
}

if (wait) {
  setTimeout(() => {
    console.log(JSON.stringify(py.after()));
    finish();
  }, Number(wait));
} else {
  finish();
}
