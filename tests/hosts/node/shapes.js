// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Objects that come again and again, both ways: from the second time on they cross as a shape, from
// the sixteenth on by code of their own. Each must be what it was at the first time.
const assert = require('assert');
const { execFileSync } = require('child_process');
const path = require('path');
const test = require('./suite.js');
const metacall = require('metacall');

const fixture = path.join(__dirname, 'fixtures/functions.py');
const py = metacall.metacall_load_from_file_export('py', [fixture]);
const TIMES = 40;

function often(make, check = (got, value) => assert.deepStrictEqual(got, value)) {
  for (let i = 0; i < TIMES; i++) {
    const value = make(i);
    check(py.echo(value), value);
  }
}

const table = (count, valueOf) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, valueOf(i)]));

test('the same keys with values of every kind', () => {
  const kinds = [1, 2.5, 'text', '', true, null, [1, 'a'], { inner: { deep: 'é' } }, 2n ** 80n];
  often((i) => ({ id: i, value: kinds[i % kinds.length], last: 'é'.repeat(i % 3) }));
});

test('the order of keys is kept, and which of them there are', () => {
  often((i) => (i % 2 ? { a: 1, b: 2, c: i } : { c: 1, b: i, a: 2 }), (got, value) => {
    assert.deepStrictEqual(got, value);
    assert.deepStrictEqual(Object.keys(got), Object.keys(value));
  });
  often((i) => (i % 3 ? { a: i, b: 2 } : { a: i, b: 2, c: 3 }));
});

test('keys that are numbers, empty, long, not ASCII, or no names', () => {
  often((i) => ({ 2: i, 1: 'one', b: 3 }));
  often((i) => ({ '': i, 'a b': 1, 'ключ': 2, '\u{1F600}': 3, '"\\\n\u2028': 4 }));
  often((i) => ({ ['k'.repeat(39)]: i, ['k'.repeat(40)]: 1, ['k'.repeat(41)]: 2 }));
  often((i) => ({ '\ud800': i, b: 1 }));
});

test('a key called __proto__ is a key', () => {
  often((i) => JSON.parse(`{"__proto__": {"x": ${i}}, "a": 1}`), (got, value) => {
    assert.deepStrictEqual(Object.keys(got), ['__proto__', 'a']);
    assert.strictEqual(Object.getPrototypeOf(got), Object.prototype);
    assert.deepStrictEqual(JSON.stringify(got), JSON.stringify(value));
  });
});

test('tables of some and of many keys', () => {
  for (const count of [1, 40, 64, 65, 128, 129, 1000, 1024, 1025, 3000]) {
    often((i) => table(count, (k) => (k % 7 ? k + i : `text ${k}`)));
  }
});

test('a table whose keys are others each time', () => {
  often((i) => Object.fromEntries(Array.from({ length: 200 }, (_, k) => [`id${i}-${k}`, k])));
});

test('more shapes than are kept', () => {
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 700; i++) {
      const value = { [`first${i}`]: round, second: i };
      assert.deepStrictEqual(py.echo(value), value);
    }
  }
});

test('with a symbol, thenable or with a method it is no record, whatever its other keys', () => {
  often((i) => ({ a: i, b: 2 }));
  const marked = { a: 1, b: 2, [Symbol('mark')]: 3 };
  assert.strictEqual(py.echo(marked), marked);
  const thenable = { a: 1, b: 2 };
  Object.defineProperty(thenable, 'then', { value: (resolve) => resolve(7) });
  assert.strictEqual(typeof py.echo(thenable).then, 'function');
  often((i) => ({ a: i, f: () => i }), (got, value) => assert.strictEqual(got.f, value.f));
});

test('what is refused in one names the path, early and late', () => {
  for (let i = 0; i < TIMES; i++) {
    assert.throws(() => py.echo({ one: i, two: { three: [Symbol('s')] } }),
      /argument 1 of echo\(\)\.two\.three\[0\]: a Symbol/);
  }
  often((i) => ({ one: i, two: { three: [1] } }));
  const circle = { one: 1, two: null };
  circle.two = circle;
  assert.throws(() => py.echo(circle), /\.two: a cycle/);
});

test('a getter that throws, changes the object or calls back', () => {
  often((i) => ({ a: i, b: 1, c: 2 }));
  assert.throws(() => py.echo({ a: 1, get b() { throw new RangeError('mine'); }, c: 3 }),
    { name: 'RangeError', message: 'mine' });
  often((i) => ({ a: i, b: 1, c: 2 }));
  const losing = { get a() { delete this.c; return 1; }, b: 2, c: 3 };
  assert.deepStrictEqual(py.echo(losing), { a: 1, b: 2, c: null });
  often((i) => ({ a: i, get b() { return py.echo([{ a: 1, b: py.echo({ a: i, b: 'in' }), c: 3 }]); },
    c: [i] }), (got, { a }) => assert.deepStrictEqual(got,
    { a, b: [{ a: 1, b: { a, b: 'in' }, c: 3 }], c: [a] }));
});

test('an array whose element calls back while it is packed', () => {
  const array = [1, 2, 3];
  Object.defineProperty(array, 1, { get: () => py.echo([7, 8, 9]).length, enumerable: true });
  assert.deepStrictEqual(py.echo(array), [1, 3, 3]);
});

test('numbers, and numbers among others, as arguments', () => {
  metacall.metacall_load_from_memory('py', 'def shapes_echo(value):\n    return value\n');
  for (let i = 0; i < TIMES; i++) {
    assert.strictEqual(py.add(i, -0.5), i - 0.5);
    assert.ok(Object.is(py.echo(-0), -0));
    assert.strictEqual(py.echo(NaN), NaN);
    assert.strictEqual(py.echo(2 ** 53 - 1), 2 ** 53 - 1);
    assert.strictEqual(py.add('a', 'b'), 'ab');
    assert.deepStrictEqual(py.add([i], [{ i }]), [i, { i }]);
    assert.deepStrictEqual(metacall.metacall('shapes_echo', [i, 'x']), [i, 'x']);
  }
  const seventeen = Array.from({ length: 17 }, (_, i) => i);
  assert.throws(() => py.echo(...seventeen), /17/);
  assert.throws(() => py.add(1, Symbol('s')), /argument 2 of add\(\): a Symbol/);
});

test('a function of JavaScript called by name gets its arguments as they are', () => {
  metacall.metacall_load_from_memory('node', 'module.exports = { same: (a, b) => [a, b] };');
  const object = { [Symbol('own')]: 1 };
  for (let i = 0; i < TIMES; i++) assert.strictEqual(metacall.metacall('same', object, i)[0], object);
});

test('where no code may be made of text, all goes on without', () => {
  const script = `
    const assert = require('assert');
    const py = require('metacall').metacall_load_from_file_export('py', [${JSON.stringify(fixture)}]);
    for (let i = 0; i < ${TIMES}; i++) {
      const value = { id: i, list: [{ a: 'b' }], text: 'c' };
      assert.deepStrictEqual(py.echo(value), value);
    }
    console.log('done');`;
  const out = execFileSync(process.execPath,
    ['--disallow-code-generation-from-strings', '-e', script], { encoding: 'utf8' });
  assert.strictEqual(out, 'done\n');
});
