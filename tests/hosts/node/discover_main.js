// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// The main module's functions are found by name, also those defined after the attach.
const assert = require('assert');
const { spawnSync } = require('child_process');
const test = require('./suite.js');
const metacall = require('metacall');

exports.early = (a) => a + 1;
exports.hidden = 5;

const mainFunctions = () => (metacall.metacall_inspect().node || [])
  .flatMap((handle) => handle.scope.funcs.map((f) => f.name));

test('what the main module exports', () => {
  assert.strictEqual(metacall.metacall('early', 1), 2);
  assert(mainFunctions().includes('early'));
  assert(!mainFunctions().includes('hidden'));
});

test('what it exports later, and what it then changes', () => {
  assert.throws(() => metacall.metacall('late'), /late/);
  exports.late = () => 'first';
  assert.strictEqual(metacall.metacall('late'), 'first');
  assert(mainFunctions().includes('late'));
  exports.late = () => 'second';
  assert.strictEqual(metacall.metacall('late'), 'second');
});

test('Python finds it through the library', () => {
  const py = metacall.metacall_load_from_memory_export('py',
    'import metacall\ndef find(a):\n    return metacall.metacall("early", a)\n');
  assert.strictEqual(py.find(41), 42);
});

test('a program given with -e has its globals', () => {
  const script = 'function given(a) { return a * 2 } const m = require("metacall");' +
    'console.log(m.metacall("given", 21), ' +
    'm.metacall_inspect().node.flatMap((h) => h.scope.funcs.map((f) => f.name)).join());';
  const ran = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  assert.strictEqual(ran.stderr, '');
  assert.match(ran.stdout, /^42 .*given/);
  assert.doesNotMatch(ran.stdout, /setTimeout|fetch/);
});
