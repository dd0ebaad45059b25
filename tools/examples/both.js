// SPDX-License-Identifier: Apache-2.0
// Node is the host: classes, coroutines, generators and hooks of Python.
'use strict';
const assert = require('assert');
const path = require('path');
const { metacall, metacall_load_from_file, metacall_load_from_file_export, intercept } =
  require('metacall');

metacall_load_from_file('py', [path.join(__dirname, 'guest.py')]);
const py = metacall_load_from_file_export('py', [path.join(__dirname, 'bank.py')]);

const account = new py.Account('Ada', 10);
assert.strictEqual(account.deposit(5).balance, 15);
assert.strictEqual(py.mirror(account), account, 'an object comes home as itself');
assert.deepStrictEqual([...py.countdown(3)], [3, 2, 1]);

const seen = [];
const hooks = intercept(py.mirror, { before: (call) => seen.push(call.args) });
py.mirror('seen');
hooks.remove();
py.mirror('not seen');
assert.deepStrictEqual(seen, [['seen']]);

Promise.all(Array.from({ length: 100 }, (_, i) => py.later(i, 0.001))).then((all) => {
  assert.deepStrictEqual(all, Array.from({ length: 100 }, (_, i) => i));
  console.log(`node ${process.versions.node} uses a class, 100 coroutines, a generator, a hook of ` +
    `${py.version()}; ${metacall('images')}`);
});
