// SPDX-License-Identifier: Apache-2.0
// Run by `metacall main.js ...`: the process belongs to the runner, both runtimes are guests.
'use strict';
const assert = require('assert');
const path = require('path');
const { metacall, metacall_load_from_file } = require('metacall');

assert.deepStrictEqual(process.argv.slice(2), ['--level', '3']);
metacall_load_from_file('py', [path.join(__dirname, 'guest.py')]);
setTimeout(() => {
  assert.strictEqual(metacall('py_twice', (x) => `${x}!`, 'ok'), 'ok!!');
  console.log(`metacall main.js calls ${metacall('py_describe', {}).seen}; ${metacall('images')}`);
  process.exitCode = 3;
}, 20);
