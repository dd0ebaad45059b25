// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Values to a guest and back: exact, or refused with the path.
const assert = require('assert');
const path = require('path');
const test = require('./suite.js');
const metacall = require('metacall');

const py = metacall.metacall_load_from_file_export('py',
  [path.join(__dirname, 'fixtures/functions.py')]);

// value, what Python calls its type; what comes back is the same unless said otherwise
const table = [
  [null, 'NoneType'],
  [undefined, 'NoneType', null],
  [true, 'bool'],
  [false, 'bool'],
  [0, 'int'],
  [-0, 'float'],
  [1, 'int'],
  [-1, 'int'],
  [2 ** 31, 'int'],
  [Number.MAX_SAFE_INTEGER, 'int'],
  [Number.MIN_SAFE_INTEGER, 'int'],
  [2 ** 53, 'float'],
  [1.5, 'float'],
  [-1e308, 'float'],
  [5e-324, 'float'],
  [Infinity, 'float'],
  [-Infinity, 'float'],
  [NaN, 'float'],
  [1n, 'int', 1],
  [2n ** 53n, 'int'],
  [2n ** 63n - 1n, 'int'],
  [-(2n ** 63n), 'int'],
  [2n ** 63n, 'int'],
  [-(2n ** 200n) - 7n, 'int'],
  ['', 'str'],
  ['a\0b', 'str'],
  ['é', 'str'],
  ['\u{1F600} and more', 'str'],
  ['x'.repeat(255), 'str'],
  ['x'.repeat(256), 'str'],
  ['\u00e9'.repeat(100000), 'str'],
  [Buffer.from([]), 'bytes'],
  [Buffer.from([0, 1, 255]), 'bytes'],
  [[], 'list'],
  [[1, 2.5, -0], 'list'],
  [[1, 'a', null, true, [2n ** 80n], Buffer.from('x')], 'list'],
  [Array.from({ length: 100000 }, (_, i) => i), 'list'],
  [{}, 'dict'],
  [{ a: 1, b: { c: [{ d: 'e' }] }, 'a b': null, '': 2 }, 'dict'],
  [JSON.parse('{"__proto__": {"x": 1}}'), 'dict'],
  [new Map([[1, 'a'], [2, new Map([[3.5, null]])]]), 'dict'],
  [Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`key ${i}`, 'v'.repeat(i)])), 'dict'],
];

for (const [value, type, back] of table) {
  const shown = require('util').inspect(value, { depth: 2, maxArrayLength: 4 }).slice(0, 60);
  test(`${shown.replace(/\s+/g, ' ')} is a ${type} and comes back`, () => {
    assert.strictEqual(py.kind(value), type);
    assert.deepStrictEqual(py.echo(value), back !== undefined || value === undefined ? back : value);
  });
}

test('a lone surrogate survives', () => {
  for (const text of ['\ud800', 'x\udfffy', '\udc00\ud800', '\ud83d\ude00\ud83d']) {
    const back = py.echo(text);
    assert.strictEqual(back.length, text.length);
    for (let i = 0; i < text.length; i++) assert.strictEqual(back.charCodeAt(i), text.charCodeAt(i));
    assert.deepStrictEqual(py.echo([text, { [text]: text }]), [text, { [text]: text }]);
  }
});

test('ArrayBuffer and Uint8Array are bytes', () => {
  const bytes = new Uint8Array([0, 1, 2, 3]);
  assert.deepStrictEqual(py.echo(bytes), Buffer.from(bytes));
  assert.deepStrictEqual(py.echo(bytes.buffer), Buffer.from(bytes));
  assert.deepStrictEqual(py.echo(bytes.subarray(1, 3)), Buffer.from([1, 2]));
  assert.strictEqual(py.kind(bytes.buffer), 'bytes');
});

test('bytes are copied: the callee keeps what it got', () => {
  const bytes = Buffer.from([1, 2, 3]);
  const back = py.echo(bytes);
  bytes[0] = 9;
  assert.strictEqual(back[0], 1);
});

test('nested to 1,000 in arrays and objects', () => {
  let list = [];
  let object = {};
  for (let i = 0; i < 999; i++) {
    list = [list];
    object = { a: object };
  }
  assert.deepStrictEqual(py.echo(list), list);
  assert.deepStrictEqual(py.echo(object), object);
});

test('an object of another realm is a plain one', () => {
  const foreign = require('vm').runInNewContext('({ a: [1, { b: "x" }] })');
  assert.deepStrictEqual(py.echo(foreign), { a: [1, { b: 'x' }] });
});

test('what Python makes stays exact', () => {
  const made = metacall.metacall_load_from_memory_export('py',
    'def make():\n    return [2**53, -2**53 + 1, 2**64, 1.0, {1: "a", "b": (1, 2)}, b"\\0", "\\0"]\n');
  assert.deepStrictEqual(made.make(), [2n ** 53n, -(2 ** 53) + 1, 2n ** 64n, 1,
    new Map([[1, 'a'], ['b', [1, 2]]]), Buffer.from([0]), '\0']);
});

const refused = [
  [Symbol('x'), /^argument 1 of echo\(\): a Symbol cannot be passed$/],
  [[1, [Symbol('x')]], /^argument 1 of echo\(\)\[1\]\[0\]: a Symbol cannot be passed$/],
  [{ a: [0, { 'b c': new Date() }] },
    /^argument 1 of echo\(\)\.a\[1\]\["b c"\]: an instance of Date cannot be passed$/],
  [new (class Point {})(), /: an instance of Point cannot be passed$/],
  [Promise.resolve(), /: a Promise cannot be passed$/],
  [/x/, /: an instance of RegExp/],
  [new Set(), /: an instance of Set/],
  [new Float64Array(1), /: an instance of Float64Array/],
  [{ [Symbol('k')]: 1 }, /: a key that is a Symbol$/],
];
for (const [value, message] of refused) {
  test(`refused: ${message.source}`, () => {
    assert.throws(() => py.echo(value), (error) => error instanceof TypeError &&
      error.code === 'ERR_METACALL_TYPE' && message.test(error.message) ||
      assert.fail(`${error.name} ${error.message}`));
  });
}

test('a cycle is refused, in an array and in an object', () => {
  const list = [];
  list.push([list]);
  assert.throws(() => py.echo(list), /a cycle cannot be passed$/);
  const object = { self: null };
  object.self = object;
  assert.throws(() => py.echo({ object }), /\.object\.self.*a cycle cannot be passed$/);
  const map = new Map();
  map.set('map', map);
  assert.throws(() => py.echo(map), /a cycle cannot be passed$/);
});

test('deeper than the limit is refused, not a crash', () => {
  let list = [];
  for (let i = 0; i < 100000; i++) list = [list];
  assert.throws(() => py.echo(list), TypeError);
});

test('the second argument is named', () => {
  assert.throws(() => py.add(1, Symbol('x')), /^TypeError: argument 2 of add\(\)/);
});

test('a getter that throws is that error, and nothing is left behind', () => {
  const mine = new RangeError('from the getter');
  assert.throws(() => py.echo({ get x() { throw mine; } }), (error) => error === mine);
  assert.throws(() => py.echo([1, [{ a: 'text', get x() { throw mine; } }]]),
    (error) => error === mine);
  assert.deepStrictEqual(py.echo([1, 'a']), [1, 'a']);
});

test('a getter that calls back does not disturb the packing', () => {
  const value = { a: 'first', get b() { return py.echo(['inner', { x: 1 }]); }, c: [1, 'last'] };
  assert.deepStrictEqual(py.echo(value), { a: 'first', b: ['inner', { x: 1 }], c: [1, 'last'] });
});

test('what Python cannot pass is refused by name', () => {
  assert.throws(() => py.unserialisable(), /object/);
});

test('many arguments', () => {
  const many = Array.from({ length: 40 }, (_, i) => i);
  assert.deepStrictEqual(py.call((...args) => args, ...many), many);
});
