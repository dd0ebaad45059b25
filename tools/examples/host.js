// SPDX-License-Identifier: Apache-2.0
// Node is the host; Python runs in the same process, and further Node scripts in this V8.
'use strict';
const assert = require('assert');
const path = require('path');
const { metacall, metacall_load_from_file } = require('metacall');

metacall_load_from_file('py', [path.join(__dirname, 'guest.py')]);
metacall_load_from_file('node', [path.join(__dirname, 'guest.js')]);

assert.strictEqual(metacall('py_add', 2, 40), 42);
assert.strictEqual(metacall('nodeAdd', 2, 40), 42);
assert.strictEqual(metacall('py_twice', (x) => x * 3, 7), 63);
const record = metacall('py_describe', { name: 'Ada', born: 1815, tags: ['a', null, 0.5] });
assert.deepStrictEqual(record.tags, ['a', null, 0.5]);
assert.throws(() => metacall('py_fail', 'as it should'), /as it should/);
const [digest, openssl] = metacall('py_digest', 'metacall');
assert.strictEqual(digest, require('crypto').createHash('sha256').update('metacall').digest('hex'));
console.log(`node ${process.versions.node} calls ${record.seen} with ${openssl}; ` +
  metacall('images'));
