// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Objects and classes that stay where they are: Python's as proxies here, ours as proxies there.
const assert = require('assert');
const path = require('path');
const util = require('util');
const test = require('./suite.js');
const metacall = require('metacall');

const py = metacall.metacall_load_from_file_export('py',
  [path.join(__dirname, 'fixtures/objects.py')]);

// ---------------------------------------------------------------- of Python, in JavaScript

test('a class constructs, with and without new, and by name', () => {
  const shape = new py.Shape('a');
  assert.strictEqual(shape.name, 'a');
  assert.strictEqual(py.Shape('b').name, 'b');
  assert.ok(shape instanceof py.Shape);
  assert.ok(!(shape instanceof py.Square));
  assert.ok(new py.Square('q') instanceof py.Shape);
  assert.ok(!({} instanceof py.Shape));
  assert.ok(shape instanceof metacall.ForeignObject);
  assert.strictEqual(typeof py.Shape, 'function');
  assert.strictEqual(py.Shape.name, 'Shape');
  assert.throws(() => new py.Shape(1, 2, 3), { name: 'TypeError' });
});

test('attributes, properties, methods, static ones', () => {
  const shape = new py.Shape('a');
  assert.strictEqual(shape.describe('<'), '<a with 0 sides');
  assert.strictEqual(shape.shout, 'A');
  shape.name = 'changed';
  assert.strictEqual(shape.describe(), 'changed with 0 sides');
  assert.strictEqual(py.Shape.add(1, 2), 3);
  assert.strictEqual(py.Square.make('z').sides, 4);
  assert.strictEqual(py.Square.sides, 4);
  shape.extra = { a: [1] };
  assert.deepStrictEqual(shape.extra, { a: [1] });
  assert.ok('extra' in shape);
  delete shape.extra;
  assert.ok(!('extra' in shape));
  assert.strictEqual(shape.extra, undefined);
  assert.throws(() => delete shape.extra, { name: 'AttributeError' });
  assert.throws(() => shape.broken, /a property that fails/);
  assert.throws(() => { shape.shout = 1; }, Error);
});

test('keys, spread, descriptors', () => {
  const shape = new py.Shape('a');
  assert.ok(Object.keys(shape).includes('name'));
  assert.ok(!Object.keys(shape).some((key) => key.startsWith('__')));
  assert.ok('describe' in shape && !('nothing' in shape));
  const described = Object.getOwnPropertyDescriptor(shape, 'name');
  assert.strictEqual(described.get(), 'a');
  assert.strictEqual(Object.getOwnPropertyDescriptor(shape, 'nothing'), undefined);
  assert.strictEqual(Reflect.has(shape, Symbol.iterator), false);
});

test('text, number, inspection', () => {
  const shape = new py.Shape('a');
  assert.strictEqual(String(shape), 'a');
  assert.strictEqual(`${shape}`, 'a');
  assert.strictEqual(shape.toString(), 'a');
  assert.strictEqual(util.inspect(shape), '<Shape a>');
  assert.strictEqual(util.inspect([shape]), '[ <Shape a> ]');
  assert.match(util.inspect(py.Shape), /class/);
  assert.strictEqual(Object.prototype.toString.call(shape), '[object Shape]');
  assert.strictEqual(shape.constructor, py.Shape);
  const number = py.decimal_of('1.25');
  assert.strictEqual(Number(number), 1.25);
  assert.strictEqual(number * 4, 5);
  assert.strictEqual(`${number}`, '1.25');
  const made = metacall.metacall_load_from_memory_export('py', `
import enum, fractions, pathlib
class Level(enum.IntEnum):
    LOW = 2
class Fails:
    def __float__(self):
        raise ValueError('no number')
def numbers():
    return [Level.LOW, fractions.Fraction(1, 4), pathlib.Path('7'), pathlib.Path('x'), Fails()]
`);
  const [level, fraction, seven, path, fails] = made.numbers();
  assert.strictEqual(Number(level), 2);
  assert.strictEqual(level * 2, 4);
  assert.strictEqual(Number(fraction), 0.25);
  assert.ok(fraction < level);
  assert.strictEqual(Number(seven), 7);
  assert.ok(Number.isNaN(Number(path)));
  assert.throws(() => Number(fails), /no number/);
});

test('items, length, contains', () => {
  const shelf = new py.Shelf('a', 'b', 'c');
  assert.strictEqual(shelf.length, 3);
  assert.strictEqual(shelf[1], 'b');
  assert.strictEqual(shelf[7], undefined);
  shelf[1] = 'x';
  assert.strictEqual(shelf[1], 'x');
  assert.ok(2 in shelf && !(3 in shelf));
  delete shelf[0];
  assert.strictEqual(shelf.length, 2);
  assert.throws(() => { shelf[9] = 1; }, { name: 'IndexError' });
});

test('a callable instance is called, not constructed', () => {
  const twice = new py.Multiplier(2);
  assert.strictEqual(twice(21), 42);
  assert.strictEqual(twice.by, 2);
  assert.throws(() => new twice(1), /not a constructor/);
});

test('what has no kind of its own is an object and comes home as itself', () => {
  for (const object of [py.Colour.RED, py.decimal_of('2'), py.matcher(), py.Shape, py.count(1)]) {
    assert.strictEqual(py.echo(object), object);
    assert.strictEqual(py.echo([{ object }])[0].object, object);
  }
  assert.strictEqual(py.Colour.RED.name, 'RED');
  assert.ok(py.matcher().match('aaa'));
  assert.strictEqual(py.same(py.matcher(), py.matcher())[1], true);
});

test('iterators and generators: for-of, next(value), throw, return', () => {
  assert.deepStrictEqual([...py.count(4)], [0, 1, 2, 3]);
  const generator = py.count(2);
  assert.strictEqual(generator[Symbol.iterator](), generator);
  assert.deepStrictEqual(generator.next(), { value: 0, done: false });
  assert.deepStrictEqual(generator.next('sent'), { value: 1, done: false });
  assert.deepStrictEqual(generator.next(), { value: ['sent'], done: true });
  assert.deepStrictEqual(generator.next(), { value: undefined, done: true });
  const log = [];
  const guarded = py.guarded((line) => { log.push(line); });
  guarded.next();
  assert.deepStrictEqual(guarded.throw(new TypeError('mine')), { value: 3, done: false });
  assert.deepStrictEqual(guarded.return(7), { value: 7, done: true });
  assert.match(log[0], /^caught .*mine/);
  assert.strictEqual(log[1], 'closed');
  for (const each of py.guarded((line) => { log.push(line); })) if (each === 1) break;
  assert.strictEqual(log[2], 'closed');
  const own = new Error('unseen');
  const fresh = py.count(1);
  fresh.next();
  assert.throws(() => fresh.throw(own), (error) => error === own);
});

test('asynchronous generators: for await, and an early end closes them', async () => {
  const seen = [];
  for await (const each of py.acount(3)) seen.push(each);
  assert.deepStrictEqual(seen, [0, 1, 2]);
  const log = [];
  for await (const each of py.acount(9, (line) => { log.push(line); })) if (each === 1) break;
  assert.deepStrictEqual(log, ['closed']);
});

test('asynchronous context managers by using()', async () => {
  const door = new py.SlowDoor();
  assert.strictEqual(await metacall.using(door, ([swallow]) => [swallow, 'done'][1]), 'done');
  assert.deepStrictEqual([...door.log], ['enter', 'none']);
  const mine = new RangeError('inside');
  await assert.rejects(metacall.using(door, () => { throw mine; }), (error) => error === mine);
  assert.match(door.log[3], /RangeError: .*inside/);
  const swallower = new py.SlowDoor(true);
  assert.strictEqual(await metacall.using(swallower, async () => { throw mine; }), undefined);
  assert.strictEqual(swallower.log.length, 2);
  if (Symbol.asyncDispose) {
    const one = new py.SlowDoor();
    await one[Symbol.asyncDispose]();
    assert.deepStrictEqual([...one.log], ['none']);
  }
});

test('context managers by using()', async () => {
  const door = new py.Door();
  assert.strictEqual(metacall.using(door, ([swallow]) => [swallow, 'done'][1]), 'done');
  assert.deepStrictEqual([...door.log], ['enter', 'none']);
  const mine = new RangeError('inside');
  assert.throws(() => metacall.using(door, () => { throw mine; }), (error) => error === mine);
  assert.match(door.log[3], /inside/);
  const swallower = new py.Door(true);
  assert.strictEqual(metacall.using(swallower, () => { throw mine; }), undefined);
  const later = new py.Door();
  assert.strictEqual(await metacall.using(later, async () => 5), 5);
  await assert.rejects(metacall.using(later, async () => { throw mine; }), (e) => e === mine);
  assert.strictEqual(later.log.length, 4);
  assert.throws(() => metacall.using({}, () => 1), TypeError);
  if (Symbol.dispose) {
    const one = new py.Door();
    one[Symbol.dispose]();
    assert.deepStrictEqual([...one.log], ['none']);
  }
});

test('await and JSON do not trip over a proxy', async () => {
  const shape = new py.Shape('a');
  assert.strictEqual(await shape, shape);
  assert.strictEqual(await Promise.resolve(shape), shape);
  assert.strictEqual(JSON.parse(JSON.stringify({ name: shape.name })).name, 'a');
});

// ---------------------------------------------------------------- ours, in Python

class Point {
  #secret = 7;
  constructor(x) { this.x = x; }
  get double() { return this.x * 2; }
  set double(value) { this.x = value / 2; }
  get broken() { throw new RangeError('a getter that fails'); }
  move(by) { this.x += by; return this; }
  secret() { return this.#secret; }
  toString() { return `(${this.x})`; }
  static origin() { return new this(0); }
}
class Point3 extends Point {}

test('instances are objects with attributes, accessors, methods', () => {
  const point = new Point(2);
  assert.strictEqual(py.get(point, 'x'), 2);
  assert.strictEqual(py.get(point, 'double'), 4);
  py.put(point, 'double', 10);
  assert.strictEqual(point.x, 5);
  py.put(point, 'added', [1]);
  assert.deepStrictEqual(point.added, [1]);
  py.drop(point, 'added');
  assert.ok(!('added' in point));
  assert.strictEqual(py.method(point, 'move', 3), point);
  assert.strictEqual(py.method(point, 'secret'), 7);
  assert.strictEqual(py.has(point, 'move'), true);
  assert.strictEqual(py.has(point, 'nothing'), false);
  assert.throws(() => py.get(point, 'nothing'), { name: 'AttributeError' });
  assert.throws(() => py.get(point, 'broken'), (error) => error instanceof RangeError &&
    error.message === 'a getter that fails');
  assert.ok(py.names(point).includes('move') && py.names(point).includes('x'));
  assert.deepStrictEqual(py.text(point), ['(8)', util.inspect(point)]);
  assert.throws(() => py.put(Object.freeze(new Point(1)), 'x', 2), TypeError);
});

test('classes are classes: constructed, static, instanceof', () => {
  assert.ok(py.call(Point, 4) instanceof Point);
  assert.strictEqual(py.call(Point, 4).x, 4);
  assert.ok(py.method(Point3, 'origin') instanceof Point3);
  assert.strictEqual(py.is_a(new Point3(1), Point), true);
  assert.strictEqual(py.is_a(new Point(1), Point3), false);
  function Old(name) { this.name = name; }
  Old.prototype.hello = function () { return `hello ${this.name}`; };
  assert.strictEqual(py.method(py.call(Old, 'you'), 'hello'), 'hello you');
});

test('identity and equality', () => {
  const point = new Point(1);
  assert.strictEqual(py.echo(point), point);
  assert.strictEqual(py.echo({ deep: [point] }).deep[0], point);
  assert.deepStrictEqual(py.same(point, point), [true, true, true]);
  assert.deepStrictEqual(py.same(point, new Point(1)).slice(0, 2), [false, false]);
  const methodOf = (value) => py.get(value, 'move');
  assert.strictEqual(methodOf(point), methodOf(point));
});

test('RegExp, WeakMap, boxed, Symbol-keyed, null-prototype classes: all objects', () => {
  const others = [/a+/g, new WeakMap(), Object(1), { [Symbol('k')]: 1 }, new (class {})(),
    new Proxy(new Point(1), {}), new (class extends Array {})(1, 2),
    new (class extends Map {})([[1, 2]]), Math, new Intl.NumberFormat()];
  for (const other of others) {
    assert.strictEqual(py.echo(other), other);
    assert.strictEqual(py.echo([other])[0], other);
  }
  assert.strictEqual(py.method(/a+/, 'test', 'xaa'), true);
  assert.strictEqual(py.method(Math, 'max', 1, 5), 5);
});

test('items, length, contains, iteration', () => {
  const list = new (class extends Array {})('a', 'b');
  assert.strictEqual(py.item(list, 1), 'b');
  assert.strictEqual(py.size(list), 2);
  assert.strictEqual(py.within(list, 'a'), true);
  assert.deepStrictEqual(py.items(list), ['a', 'b']);
  const map = new (class extends Map {})([['k', 1]]);
  assert.strictEqual(py.item(map, 'k'), 1);
  assert.throws(() => py.item(map, 'z'), { name: 'KeyError' });
  assert.throws(() => py.size(new Point(1)), Error);
  assert.throws(() => py.items(new Point(1)), Error);
});

test('our generators: next, send, throw, close', () => {
  const log = [];
  function* generator() {
    const got = [];
    try {
      got.push(yield 1);
      got.push(yield 2);
      return got;
    } catch (error) {
      log.push(error.name);
      yield 'after';
    } finally {
      log.push('closed');
    }
  }
  assert.deepStrictEqual(py.drive(generator()), [1, 2, ['sent', null]]);
  assert.strictEqual(py.throw_into(generator()), 'after');
  assert.strictEqual(log[1], 'ValueError');
  py.close(generator());
  assert.strictEqual(log.pop(), 'closed');
  assert.deepStrictEqual(py.items(generator()), [1, 2]);
  assert.deepStrictEqual(py.items(new Set([1, 2]).values()), [1, 2]);
});

test('our asynchronous generators and iterables', async () => {
  async function* numbers(n) { for (let i = 0; i < n; i++) { await null; yield i; } }
  assert.deepStrictEqual(await py.collect(numbers(4)), [0, 1, 2, 3]);
  const stream = require('stream').Readable.from(['a', 'b']);
  assert.deepStrictEqual(await py.collect(stream), ['a', 'b']);
});

test('an object of a worker is a proxy here, by way of Python', async () => {
  const { Worker } = require('worker_threads');
  const file = path.join(__dirname, 'fixtures/objects.py');
  const worker = new Worker(`
    const { parentPort, workerData } = require('worker_threads');
    const py = require('metacall').metacall_load_from_file_export('py', [workerData]);
    class Remote { constructor() { this.name = 'remote'; } hello(x) { return 'hello ' + x; } }
    py.keep(new Remote());
    parentPort.once('message', () => process.exit(0));
    parentPort.postMessage('ready');
  `, { eval: true, workerData: file });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  const remote = py.kept();
  assert.ok(remote instanceof metacall.ForeignObject);
  assert.strictEqual(remote.name, 'remote');
  assert.strictEqual(remote.hello('you'), 'hello you');
  worker.postMessage('end');
  await new Promise((resolve) => worker.once('exit', resolve));
  assert.throws(() => remote.name, /ended/);
  py.let_go();
});

// ---------------------------------------------------------------- let go

require('v8').setFlagsFromString('--expose-gc');
const gc = require('vm').runInNewContext('gc');
// Collects until something is so, a minute at most.
async function collected(condition) {
  for (let i = 0; i < 600 && !condition(); i++) {
    gc();
    py.let_go();
    await new Promise((resolve) => setTimeout(resolve, i < 10 ? 5 : 100));
  }
  return condition();
}

test('proxies that JavaScript drops are dropped in Python', async () => {
  (() => { for (let i = 0; i < 500; i++) py.watched(); })();
  assert.ok(await collected(() => py.alive() <= 2), `${py.alive()} are alive`);
});

test('what Python drops on a thread of its own is collected while nobody calls', async () => {
  let gone = 0;
  const registry = new FinalizationRegistry(() => { gone++; });
  const made = metacall.metacall_load_from_memory_export('py', `
import threading, time
def hold(x):
    box = [x]
    def body():
        time.sleep(0.05)
        box.clear()
    threading.Thread(target=body).start()
`);
  (() => {
    const point = new Point(1);
    registry.register(point, 1);
    made.hold(point);
  })();
  for (let i = 0; i < 600 && gone === 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, i < 100 ? 20 : 100));
    gc();
  }
  assert.strictEqual(gone, 1);
});

test('objects that Python drops are collected here', async () => {
  let gone = 0;
  const registry = new FinalizationRegistry(() => { gone++; });
  (() => {
    for (let i = 0; i < 500; i++) {
      const point = new Point(i);
      registry.register(point, i);
      py.keep(point);
    }
  })();
  gc();
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.strictEqual(gone, 0);
  py.let_go();
  assert.ok(await collected(() => gone >= 498), `${gone} were collected`);
});
