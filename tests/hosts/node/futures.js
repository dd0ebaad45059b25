// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Results that come later: coroutines as Promises, Promises as futures, cancelled from both sides.
const assert = require('assert');
const path = require('path');
const { execFileSync, spawnSync } = require('child_process');
const test = require('./suite.js');
const metacall = require('metacall');

const fixture = path.join(__dirname, 'fixtures/objects.py');
const py = metacall.metacall_load_from_file_export('py', [fixture]);
// Waits until something is so, a minute at most.
async function until(condition, what) {
  for (let i = 0; i < 6000; i++) {
    if (condition()) return;
    await sleep(10);
  }
  assert.fail(what);
}
const sleep = (ms, value) => new Promise((resolve) => setTimeout(resolve, ms, value));

test('a coroutine is a Promise', async () => {
  const promise = py.later(20, { a: [1, new Date(0)] });
  assert.ok(promise instanceof Promise);
  assert.deepStrictEqual(await promise, { a: [1, new Date(0)] });
  assert.strictEqual(await py.later(0), null);
});

test('a failure rejects with its own error', async () => {
  await assert.rejects(py.failing(5), (error) => error.name === 'KeyError' &&
    error instanceof metacall.ForeignError && /objects\.py/.test(error.stack));
});

test('a Promise is a future there, and comes home as itself', async () => {
  const promise = sleep(5, 'x');
  assert.deepStrictEqual(py.state_of(promise), ['Future', false]);
  assert.strictEqual(py.echo(promise), promise);
  assert.strictEqual(await py.wait_for(promise), 'x');
  assert.strictEqual(await py.wait_for(sleep(5, 'y')), 'y');
  assert.deepStrictEqual(await py.wait_for(Promise.resolve([1, { a: 2 }])), [1, { a: 2 }]);
  const coroutine = py.later(5, 'z');
  assert.strictEqual(py.echo(coroutine), coroutine);
  assert.strictEqual(await coroutine, 'z');
});

test('a rejection carries the original error through both languages', async () => {
  const mine = new RangeError('mine');
  await assert.rejects(py.wait_for(Promise.reject(mine)), (error) => error === mine);
  await assert.rejects(py.wait_for(sleep(5).then(() => { throw mine; })), (e) => e === mine);
  const told = await py.tell(Promise.reject(new TypeError('seen')));
  assert.deepStrictEqual([told[0], told[2]], ['error', 'seen']);
  await assert.rejects(py.wait_for(Promise.reject('a string')), (error) => error === 'a string');
});

test('a thenable is one too', async () => {
  const thenable = { then(resolve) { setTimeout(resolve, 5, 'thenable'); } };
  assert.strictEqual(await py.wait_for(thenable), 'thenable');
});

test('an asynchronous callback, awaited there', async () => {
  assert.strictEqual(await py.wait_for(py.call(async (x) => { await sleep(5); return x + 1; }, 1)), 2);
});

test('metacall_await: by name, synchronous functions too', async () => {
  metacall.metacall_load_from_memory('py', `
import asyncio
async def f_later(x):
    await asyncio.sleep(0.005)
    return x * 2
def f_now(x): return x * 3
async def f_fail(): raise ValueError('no')
`);
  assert.strictEqual(await metacall.metacall_await('f_later', 21), 42);
  assert.strictEqual(await metacall.metacall_await('f_now', 14), 42);
  await assert.rejects(metacall.metacall_await('f_fail'), { name: 'ValueError' });
  await assert.rejects(metacall.metacall_await('f_missing'), /f_missing/);
});

test('1,000 at once', async () => {
  const all = await Promise.all(Array.from({ length: 1000 }, (_, i) => py.later(50, i)));
  assert.deepStrictEqual(all, Array.from({ length: 1000 }, (_, i) => i));
  const there = await Promise.all(Array.from({ length: 1000 }, (_, i) => py.wait_for(sleep(20, i))));
  assert.deepStrictEqual(there, all);
});

// Tasks of `patient` that run. One that is cancelled before its first step never began.
const running = () => metacall.metacall('begun') - metacall.metacall('cancelled');

test('{ timeout }: rejects in time, and the task is cancelled', async () => {
  metacall.metacall_load_from_file('py', [fixture]);
  await assert.rejects(metacall.metacall_await.with({ timeout: 30 }, 'patient'),
    { name: 'TimeoutError', code: 'ERR_METACALL_TIMEOUT' });
  assert.strictEqual(await metacall.metacall_await.with({ timeout: 60000 }, 'later', 1, 'v'), 'v');
  await until(() => running() === 0, 'the task goes on');
});

test('{ signal }: an AbortController cancels', async () => {
  const controller = new AbortController();
  const patient = metacall.metacall_await.with({ signal: controller.signal }, 'patient');
  const rejected = assert.rejects(patient, { name: 'AbortError' });
  await until(() => running() === 1, 'the task does not begin');
  controller.abort();
  await rejected;
  await until(() => running() === 0, 'the task goes on');
  await assert.rejects(metacall.metacall_await.with({ signal: controller.signal }, 'patient'),
    { name: 'AbortError' });
  const other = new AbortController();
  assert.strictEqual(await metacall.metacall_await.with({ signal: other.signal }, 'later', 1, 'v'),
    'v');
  await assert.rejects(metacall.metacall_await.with(null, 'later', 1), TypeError);
  await assert.rejects(metacall.metacall_await.with({ signal: {} }, 'later', 1), TypeError);
  await assert.rejects(metacall.metacall_await.with({ timeout: -1 }, 'later', 1), RangeError);
});

test('Python gives up: the function it called sees an aborted signal', async () => {
  let seen = null;
  const work = () => {
    const signal = metacall.abortSignal();
    return new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => {
        seen = 'aborted';
        reject(new Error('stopped'));
      });
    });
  };
  metacall.metacall_load_from_memory('py', `
import asyncio
async def call_and_give_up(f):
    try:
        return await asyncio.wait_for(f(), 0.02)
    except asyncio.TimeoutError:
        return 'gave up'
`);
  assert.strictEqual(await metacall.metacall_await('call_and_give_up', work), 'gave up');
  await until(() => seen === 'aborted', 'the signal is not aborted');
  assert.strictEqual(metacall.abortSignal().aborted, false);
});

test('waiting on the JavaScript thread for a Promise of its own is an error, not a hang', () => {
  assert.throws(() => py.block_on(sleep(5)), (error) => /DeadlockError|Deadlock/.test(error.name) ||
    error.code === 'ERR_METACALL_DEADLOCK');
});

test('an unhandled rejection is reported as Node does', () => {
  const ran = spawnSync(process.execPath, ['-e', `
    const py = require('metacall').metacall_load_from_file_export('py', [${JSON.stringify(fixture)}]);
    py.failing(5);
    setTimeout(() => console.log('not reached'), 60000);
  `], { encoding: 'utf8' });
  assert.strictEqual(ran.status, 1, ran.stderr);
  assert.match(ran.stderr, /KeyError/);
  assert.strictEqual(ran.stdout, '');
});

test('what is pending keeps the process alive, and only that', () => {
  const out = execFileSync(process.execPath, ['-e', `
    const py = require('metacall').metacall_load_from_file_export('py', [${JSON.stringify(fixture)}]);
    py.later(100, 'came').then((value) => console.log(value));
  `], { encoding: 'utf8' });
  assert.strictEqual(out, 'came\n');
  execFileSync(process.execPath, ['-e', `
    const py = require('metacall').metacall_load_from_file_export('py', [${JSON.stringify(fixture)}]);
    py.later(1).then(() => { py.keep(new Promise(() => {})); });
  `], { timeout: 60000 });
});

test('in a worker: its own promises, and one that ends with some pending', async () => {
  const { Worker } = require('worker_threads');
  const run = (source) => new Promise((resolve, reject) => {
    const worker = new Worker(source, { eval: true, workerData: fixture });
    const messages = [];
    worker.on('message', (message) => messages.push(message)).on('error', reject)
      .on('exit', () => resolve(messages));
  });
  const head = `const { parentPort, workerData } = require('worker_threads');
    const py = require('metacall').metacall_load_from_file_export('py', [workerData]);\n`;
  assert.deepStrictEqual(await run(`${head}
    (async () => parentPort.postMessage([await py.later(5, 1), await py.wait_for(Promise.resolve(2))]))();
  `), [[1, 2]]);
  await run(`${head} py.later(60000); py.keep(new Promise(() => {}));
    setTimeout(() => process.exit(0), 20);`);
  assert.strictEqual(await py.later(1, 'still'), 'still');
  py.let_go();
});
