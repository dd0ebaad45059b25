// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Values to a guest and back: exact, or refused with the path.
const assert = require('assert');
const { isDeepStrictEqual } = require('util');
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
  [new Set([1, 'a', 2.5, null]), 'set'],
  [new Set(), 'set'],
  [{ s: new Set(['x']), l: [new Set([1])] }, 'dict'],
  [new Date(0), 'datetime'],
  [new Date(1.7e12 + 1), 'datetime'],
  [new Date(-1), 'datetime'],
  [new Date(-62135596800000), 'datetime'],
  [[1, , 3], 'list', [1, null, 3]], // eslint-disable-line no-sparse-arrays
  [[, undefined], 'list', [null, null]], // eslint-disable-line no-sparse-arrays
  [Object.assign([1, 2], { extra: 3 }), 'list', [1, 2]],
  [Object.create(null, { a: { value: 1, enumerable: true } }), 'dict', { a: 1 }],
  [new Proxy([1, 'two'], {}), 'list', [1, 'two']],
  [new Proxy({ a: 'b' }, {}), 'dict', { a: 'b' }],
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
  [{ a: [0, { 'b c': Symbol.iterator }] },
    /^argument 1 of echo\(\)\.a\[1\]\["b c"\]: a Symbol cannot be passed$/],
  [new Set(['a', Symbol('x')]), /^argument 1 of echo\(\)\[1\]: a Symbol cannot be passed$/],
  [new Map([['a', { b: Symbol('x') }]]),
    /^argument 1 of echo\(\)<a>\.b: a Symbol cannot be passed$/],
  [new Map([['a', 1], [Symbol('x'), 1]]),
    /^argument 1 of echo\(\)<key 1>: a Symbol cannot be passed$/],
  [new Map([[Object.create(null), Symbol('x')]]),
    /^argument 1 of echo\(\)<value 0>: a Symbol cannot be passed$/],
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
  assert.throws(() => py.echo(list),
    /^TypeError: argument 1 of echo\(\)\[0\]\[0\]: a cycle cannot be passed$/);
  const object = { self: null };
  object.self = object;
  assert.throws(() => py.echo({ object }), /echo\(\)\.object\.self: a cycle cannot be passed$/);
  const map = new Map();
  map.set('map', [map]);
  assert.throws(() => py.echo([1, map]), /echo\(\)\[1\]<map>\[0\]: a cycle cannot be passed$/);
  const set = new Set();
  set.add(set);
  assert.throws(() => py.echo(set), /echo\(\)\[0\]: a cycle cannot be passed$/);
  const far = [];
  let way = far;
  for (let i = 0; i < 40; i++) way.push(way = []);
  way.push(far);
  assert.throws(() => py.echo(far), (error) => error.message ===
    `argument 1 of echo()${'[0]'.repeat(41)}: a cycle cannot be passed`);
});

test('deeper than 1,000 levels is refused, not a crash', () => {
  for (const leaf of [[], [1], ['text'], {}, new Map([[1, 2]]), new Set()]) {
    let value = leaf;
    for (let i = 1; i < 1000; i++) value = [value];
    assert.ok(isDeepStrictEqual(py.echo(value), value));
    assert.throws(() => py.echo([value]),
      /^TypeError: argument 1 of echo\(\): nested deeper than 1000 levels$/);
    for (let i = 0; i < 100000; i++) value = [value];
    assert.throws(() => py.echo(value), /nested deeper than 1000 levels$/);
  }
});

test('a date keeps its microseconds, unless it is changed', () => {
  const made = metacall.metacall_load_from_memory_export('py',
    'import datetime as d\n' +
    'def at(us): return d.datetime(2020, 1, 2, 3, 4, 5, us, d.timezone.utc)\n' +
    'def us(x): return [x.year, x.second, x.microsecond, str(x.tzinfo)]\n' +
    'def far(): return d.datetime(9999, 12, 31, tzinfo=d.timezone.utc)\n');
  const date = made.at(123456);
  assert.ok(date instanceof Date);
  assert.strictEqual(date.toISOString(), '2020-01-02T03:04:05.123Z');
  assert.deepStrictEqual(made.us(date), [2020, 5, 123456, 'UTC']);
  assert.deepStrictEqual(made.us([made.at(7)][0]), [2020, 5, 7, 'UTC']);
  date.setMilliseconds(1);
  assert.deepStrictEqual(made.us(date), [2020, 5, 1000, 'UTC']);
  assert.deepStrictEqual(made.us(new Date(-1)), [1969, 59, 999000, 'UTC']);
  assert.strictEqual(made.far().getTime(), Date.UTC(9999, 11, 31));
});

test('an invalid date and a year that Python lacks are out of range', () => {
  for (const date of [new Date(NaN), new Date(8.64e15), new Date(-8.64e15)]) {
    assert.throws(() => py.echo([date]), RangeError);
  }
  assert.throws(() => py.call(1, new Date(8.64e15)),
    /^RangeError: call\(\): argument 2: a date outside the years 1 to 9999/);
});

test('keys and items that Python could not tell apart are refused, not lost', () => {
  for (const [value, message] of [
    [new Map([[1, 'a'], [true, 'b']]),
      /^echo\(\): argument 1: two keys of a map are equal in Python: True$/],
    [new Map([[null, 1], [undefined, 2]]), /two keys of a map are equal in Python: None$/],
    [[new Set([0, false])], /two items of a set are equal in Python: False$/],
    [new Set([1n, 1]), /two items of a set are equal in Python: 1$/],
    [new Set([new Set([1, true])]), /two items of a set are equal/],
  ]) {
    assert.throws(() => py.echo(value), (error) => error instanceof TypeError &&
      error.code === 'ERR_METACALL_TYPE' && message.test(error.message) ||
      assert.fail(`${error.name} ${error.message}`));
  }
  assert.throws(() => py.echo(new Map([[{ a: 1 }, 1]])),
    /^TypeError: echo\(\): argument 1: a map cannot be a key/);
  assert.deepStrictEqual(py.echo(new Map([[1, 'a'], ['1', 'b'], [false, 'c']])),
    new Map([[1, 'a'], ['1', 'b'], [false, 'c']]));
});

test('an error with a cause comes home as itself, within a value too', () => {
  const mine = new Error('outer');
  mine.cause = new TypeError('inner');
  assert.strictEqual(py.echo(mine), mine);
  assert.strictEqual(py.echo([{ mine }])[0].mine, mine);
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

test('a Map that a getter changes while it is packed', () => {
  const map = new Map([[1, { get x() { map.delete(3); map.delete(2); return 'x'; } }], [2, 2], [3, 3]]);
  assert.deepStrictEqual(py.echo([map, 'after']), [new Map([[1, { x: 'x' }]]), 'after']);
});

test('what Python cannot pass is refused by name', () => {
  const made = metacall.metacall_load_from_memory_export('py',
    'def number(): return [1, {"a": 1 + 2j}]\n');
  assert.throws(() => made.number(), /\[1\].*complex/);
});

test('many arguments', () => {
  const many = Array.from({ length: 40 }, (_, i) => i);
  assert.deepStrictEqual(py.call((...args) => args, ...many), many);
});
