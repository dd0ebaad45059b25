// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Threads of a guest that call JavaScript: they queue to the loop.
const assert = require('assert');
const path = require('path');
const test = require('./suite.js');
const metacall = require('metacall');

const py = metacall.metacall_load_from_file_export('py',
  [path.join(__dirname, 'fixtures/functions.py')]);
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

async function finished() {
  for (let i = 0; i < 5000; i++) {
    const [alive, results] = py.collect();
    if (!alive) return results;
    await turn();
  }
  return assert.fail('the thread never ended');
}

test('a thread of Python calls back while the loop runs', async () => {
  const seen = [];
  py.later((n) => { seen.push(n); return n * 2; }, 200);
  const results = await finished();
  assert.deepStrictEqual(results, Array.from({ length: 200 }, (_, i) => i * 2));
  assert.strictEqual(seen.length, 200);
});

test('an error of the callback reaches the thread', async () => {
  py.later(() => { throw new RangeError('for the thread'); }, 1);
  assert.match((await finished())[0], /for the thread/);
});

test('the callback may call Python again', async () => {
  py.later((n) => py.add(n, 1), 50);
  assert.deepStrictEqual(await finished(), Array.from({ length: 50 }, (_, i) => i + 1));
});

test('a wait that can never end is an error in the thread that asks, not a deadlock', async () => {
  py.later((n) => n, 1);
  py.join_all();
  const [result] = await finished();
  assert(result === 0 || /can never answer|deadlock/i.test(String(result)), String(result));
});
