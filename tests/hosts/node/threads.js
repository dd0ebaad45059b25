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

test('in a child that Python forks a call of JavaScript is refused, not a crash', () => {
  const made = metacall.metacall_load_from_memory_export('py', `
import os, threading
def ask(f, out):
    try:
        out.append('called: %r' % f(1))
    except BaseException as error:
        out.append('%s: %s' % (type(error).__name__, error))
def in_child(f, threaded):
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        out = []
        if threaded:
            thread = threading.Thread(target=ask, args=(f, out))
            thread.start()
            thread.join()
        else:
            ask(f, out)
        os.write(writes, out[0].encode())
        os._exit(3)
    os.close(writes)
    with os.fdopen(reads) as stream:
        text = stream.read()
    return [os.waitpid(child, 0)[1] >> 8, text]
`);
  for (const threaded of [false, true]) {
    const [status, text] = made.in_child((x) => x + 1, threaded);
    assert.strictEqual(status, 3);
    assert.match(text, /^ForkError: .*forked.*new process/);
  }
  assert.strictEqual(py.add(1, 2), 3);
});
