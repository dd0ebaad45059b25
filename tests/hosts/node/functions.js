// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Functions across the border: callbacks, identity, collection.
const assert = require('assert');
const path = require('path');
const test = require('./suite.js');
const metacall = require('metacall');

const py = metacall.metacall_load_from_file_export('py',
  [path.join(__dirname, 'fixtures/functions.py')]);

test('a callback is called with values and gives values', () => {
  assert.strictEqual(py.call((a, b) => a * b, 6, 7), 42);
  assert.deepStrictEqual(py.call((...args) => args.length, 1, 2, 3), 3);
});

test('a JavaScript function comes home as itself', () => {
  const mine = () => 1;
  assert.strictEqual(py.echo(mine), mine);
  assert.strictEqual(py.echo([{ f: mine }])[0].f, mine);
  class Shape {}
  assert.strictEqual(py.echo(Shape), Shape);
});

test('a foreign function is one function', () => {
  assert.strictEqual(py.echo(py.add), py.add);
  const adder = py.make_adder(3);
  assert.strictEqual(adder(4), 7);
  assert.strictEqual(py.echo(adder), adder);
  assert.strictEqual(py.add.name, 'add');
});

test('a frozen function and a bound one are functions like others', () => {
  const frozen = Object.freeze((x) => x + 1);
  assert.strictEqual(py.call(frozen, 1), 2);
  assert.strictEqual(py.echo(frozen), frozen);
  assert.strictEqual(py.call(Math.max.bind(null, 5), 3), 5);
});

test('through both languages, twenty deep', () => {
  const deep = (n) => (n === 0 ? 'bottom' : py.call(deep, n - 1));
  assert.strictEqual(deep(20), 'bottom');
  assert.strictEqual(deep(100), 'bottom');
});

test('recursion without end is a RangeError or a RecursionError, not a crash', () => {
  const endless = () => py.call(endless);
  assert.throws(endless, (error) => /Recursion|Range/.test(error.name));
  assert.strictEqual(py.add(1, 2), 3);
});

test('functions that are no longer used are let go', async () => {
  const rounds = 200;
  for (let i = 0; i < rounds; i++) {
    for (let k = 0; k < 100; k++) {
      py.echo(() => k);
      py.make_adder(k);
    }
    if (i % 20 === 0) await new Promise(setImmediate);
  }
  assert.strictEqual(py.echo(py.add), py.add);
});

test('apply, bind and spread work on a foreign function', () => {
  assert.strictEqual(py.add.apply(null, [1, 2]), 3);
  assert.strictEqual(py.add.bind(null, 1)(2), 3);
  assert.strictEqual(py.add(...[1, 2]), 3);
});

test('too few and too many arguments are errors of the callee', () => {
  assert.throws(() => py.add(1), Error);
  assert.throws(() => py.add(1, 2, 3), Error);
});

test('metacallfms: arguments by name and by position', () => {
  assert.strictEqual(metacall.metacallfms(py.add, '{"b": 1, "a": 41}'), 42);
  assert.strictEqual(metacall.metacallfms(py.add, '[40, 2]'), 42);
  assert.strictEqual(metacall.metacallfms(py.add, { a: 'x', b: 'y' }), 'xy');
  assert.throws(() => metacall.metacallfms(py.add, '{"a": '), Error);
});

test('metacall_await settles', async () => {
  metacall.metacall_load_from_memory('py', 'def awaited(a):\n    return a * 2\n');
  assert.strictEqual(await metacall.metacall_await('awaited', 21), 42);
  await assert.rejects(metacall.metacall_await('no_such_function'), /no_such_function/);
});
