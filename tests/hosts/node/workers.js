// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Each worker has an environment of its own; one that ends takes nothing with it.
const assert = require('assert');
const path = require('path');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

const functions = path.join(__dirname, 'fixtures/functions.py');

if (!isMainThread) {
  const metacall = require('metacall');
  const py = metacall.metacall_load_from_file_export('py', [functions]);
  if (workerData.mode === 'busy') {
    parentPort.postMessage('ready');
    for (;;) py.add(1, 2);
  }
  let sum = 0;
  for (let i = 0; i < 5000; i++) sum = py.call((a, b) => a + b, sum, 1);
  if (workerData.mode === 'exit') process.exit(5);
  if (workerData.mode === 'throw') py.fail('in a worker');
  const mine = () => 1;
  parentPort.postMessage([sum, py.echo(mine) === mine, py.echo([1, { a: 'x' }])]);
} else {
  const test = require('./suite.js');
  const start = (mode) => new Worker(__filename, { workerData: { mode } });
  const ended = (worker) => new Promise((resolve) => {
    const seen = { messages: [] };
    worker.on('message', (message) => seen.messages.push(message));
    worker.on('error', (error) => { seen.error = error; });
    worker.on('exit', (code) => resolve({ ...seen, code }));
  });

  test('a worker before the main thread', async () => {
    const { code, messages, error } = await ended(start('normal'));
    assert.strictEqual(error, undefined);
    assert.strictEqual(code, 0);
    assert.deepStrictEqual(messages, [[5000, true, [1, { a: 'x' }]]]);
  });

  test('four at once, and the main thread calls too', async () => {
    const metacall = require('metacall');
    const py = metacall.metacall_load_from_file_export('py', [functions]);
    const all = [1, 2, 3, 4].map(() => ended(start('normal')));
    for (let i = 0; i < 2000; i++) assert.strictEqual(py.call((a) => a + 1, i), i + 1);
    for (const { code, messages } of await Promise.all(all)) {
      assert.strictEqual(code, 0);
      assert.strictEqual(messages[0][0], 5000);
    }
    assert.strictEqual(py.add(1, 2), 3);
  });

  test('process.exit, a throw and terminate() end that worker alone', async () => {
    assert.strictEqual((await ended(start('exit'))).code, 5);
    const failed = await ended(start('throw'));
    assert.strictEqual(failed.code, 1);
    assert.match(failed.error.message, /in a worker/);
    const busy = start('busy');
    await new Promise((resolve) => busy.once('message', resolve));
    await busy.terminate();
    const py = require('metacall').metacall_load_from_file_export('py', [functions]);
    assert.strictEqual(py.add(1, 2), 3);
  });

  test('twenty that come and go', async () => {
    for (let i = 0; i < 20; i++) assert.strictEqual((await ended(start('normal'))).code, 0);
  });
}
