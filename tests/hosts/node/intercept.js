// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// metacall.intercept: hooks on JavaScript's functions, seen by their own callers, and on foreign
// ones; removed without trace.
const assert = require('assert');
const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { Worker } = require('worker_threads');
const test = require('./suite.js');
const metacall = require('metacall');

const py = metacall.metacall_load_from_memory_export('py', `
def add(a, b):
    return a + b
def call(function, *args):
    return function(*args)
def bad():
    raise ValueError("from Python")
`);

exports.add = function add(a, b) { return a + b; };
exports.same = (value) => value;
exports.fail = () => { throw new RangeError('the original'); };
exports.later = async (value) => value * 2;
exports.Old = function Old(value) {
  if (!new.target) throw new TypeError('new is missing');
  this.value = value;
};
exports.Old.extra = 5;
exports.Modern = class Modern {
  constructor(value) { this.value = value; }

  itself(value) { return [this, value]; }

  static made(value) { return new this(value); }
};

const counter = () => {
  const count = { calls: 0, before() { count.calls++; } };
  return count;
};
const shape = (object) => JSON.stringify(Reflect.ownKeys(object).map((key) => {
  const { value, ...rest } = Object.getOwnPropertyDescriptor(object, key);
  return [String(key), rest, typeof value];
}));

function inFile(source, body, ending = 'js') {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'metacall-'));
  try {
    const file = path.join(folder, `made.${ending}`);
    fs.writeFileSync(file, source);
    return body(file);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

test('own callers, callers by name and other languages run the chain once each', () => {
  const { add } = exports;
  const former = shape(exports);
  const seen = [];
  const interception = metacall.intercept(add, {
    before(call) { seen.push([call.name, ...call.args]); call.mine = seen.length; },
    after(call) { seen.push([call.result, call.mine, call.error]); },
  });
  assert.strictEqual(interception.scope, 'all');
  assert.strictEqual(interception.reason, '');
  assert.notStrictEqual(exports.add, add);
  assert.strictEqual(exports.add(1, 2), 3);
  assert.deepStrictEqual(seen.splice(0), [['add', 1, 2], [3, 1, undefined]]);
  assert.strictEqual(metacall.metacall('add', 3, 4), 7);
  assert.deepStrictEqual(seen.splice(0), [['add', 3, 4], [7, 1, undefined]]);
  for (const held of [add, exports.add]) {
    assert.strictEqual(py.call(held, 5, 6), 11);
    assert.deepStrictEqual(seen.splice(0), [['add', 5, 6], [11, 1, undefined]]);
  }
  assert.strictEqual(py.call((x) => x, add), exports.add);
  interception.remove();
  interception.remove();
  assert.strictEqual(exports.add, add);
  assert.strictEqual(shape(exports), former);
  assert.strictEqual(exports.add(1, 2), 3);
  assert.strictEqual(py.call((x) => x, add), add);
  assert.deepStrictEqual(seen, []);
});

test('the detour is the function to whoever looks at it', () => {
  const { Old, add, later } = exports;
  const count = counter();
  const all = [Old, add, later].map((one) => metacall.intercept(one, count));
  assert.strictEqual(exports.add.name, 'add');
  assert.strictEqual(exports.add.length, 2);
  assert.strictEqual(exports.Old.extra, 5);
  exports.Old.extra++;
  assert.strictEqual(exports.later.constructor.name, 'AsyncFunction');
  assert(exports.later(1) instanceof Promise);
  const old = new exports.Old(4);
  assert(old instanceof exports.Old && old instanceof Old);
  assert.deepStrictEqual([old.value, old.constructor], [4, Old]);
  class Derived extends exports.Old {}
  assert(new Derived(1) instanceof Old && new Derived(1) instanceof Derived);
  assert.throws(() => exports.Old(1), /new is missing/);
  const mine = { f: exports.same };
  assert.strictEqual(mine.f.call(mine, mine), mine);
  assert(count.calls >= 5);
  all.forEach((one) => one.remove());
  assert.deepStrictEqual([exports.Old, exports.add, exports.later], [Old, add, later]);
  assert.strictEqual(Old.extra, 6);
});

test('methods of exported classes, with their this', () => {
  const { itself } = exports.Modern.prototype;
  const count = counter();
  const interception = metacall.intercept(itself, count);
  const made = new exports.Modern(1);
  assert.strictEqual(made.itself(7)[0], made);
  assert.strictEqual(count.calls, 1);
  interception.remove();
  assert.strictEqual(exports.Modern.prototype.itself, itself);
  const { made: makes } = exports.Modern;
  const other = metacall.intercept(makes, count);
  assert.strictEqual(exports.Modern.made(3).value, 3);
  assert.strictEqual(count.calls, 2);
  other.remove();
  assert.strictEqual(exports.Modern.made, makes);
  assert.throws(() => metacall.intercept(exports.Modern, count), /a class .* its methods/);
});

test("JavaScript's hooks see JavaScript's very values, also those that cannot be passed", () => {
  const symbol = Symbol('only here');
  const cycle = {};
  cycle.me = cycle;
  let got;
  const interception = metacall.intercept('same', {
    before(call) { [got] = call.args; },
    after(call) { if (call.result === symbol) call.result = cycle; },
  });
  assert.strictEqual(exports.same(symbol), cycle);
  assert.strictEqual(got, symbol);
  assert.strictEqual(exports.same(cycle), cycle);
  const plain = { a: 1 };
  assert.strictEqual(exports.same(plain), plain);
  interception.remove();
});

test('a hook answers, changes, refuses', () => {
  const answer = metacall.intercept(exports.later, {
    before(call) { if (call.args[0] === 9) call.result = 'nine'; },
  });
  assert.strictEqual(exports.later(9), 'nine');
  assert(exports.later(1) instanceof Promise);
  answer.remove();
  const mend = metacall.intercept(exports.fail, {
    after(call) {
      assert(call.error instanceof RangeError);
      assert.strictEqual(call.result, undefined);
      call.result = 5;
    },
  });
  assert.strictEqual(exports.fail(), 5);
  mend.remove();
  assert.throws(() => exports.fail(), { message: 'the original' });
  const mine = new Error('refused');
  const refuse = metacall.intercept(exports.add, { before() { throw mine; } });
  assert.throws(() => exports.add(1, 2), (error) => error === mine);
  assert.throws(() => py.call(exports.add, 1, 2), (error) => error === mine);
  refuse.remove();
  const other = metacall.intercept(exports.add, { after(call) { call.error = mine; } });
  assert.throws(() => exports.add(1, 2), (error) => error === mine);
  other.remove();
});

test('several hooks: the newest is the outermost; removed in any order', () => {
  const all = [1, 2].map((n) => metacall.intercept('add', {
    after(call) { call.result = [n, call.result]; },
  }));
  assert.deepStrictEqual(exports.add(1, 1), [2, [1, 2]]);
  all[0].remove();
  assert.deepStrictEqual(exports.add(1, 1), [2, 2]);
  all[1].remove();
  assert.strictEqual(exports.add(1, 1), 2);
});

test('recursion is seen, a hook that calls the function is not', () => {
  exports.sum = (n) => (n === 0 ? 0 : n + exports.sum(n - 1));
  let calls = 0;
  const interception = metacall.intercept('sum', {
    before(call) { calls++; assert.strictEqual(exports.sum(2), 3); call.depth = calls; },
    after(call) { assert(call.depth >= 1); },
  });
  assert.strictEqual(exports.sum(3), 6);
  assert.strictEqual(calls, 4);
  interception.remove();
  delete exports.sum;
});

test('a hook may remove itself', () => {
  let calls = 0;
  const interception = metacall.intercept('add', {
    before() { calls++; interception.remove(); },
  });
  const { add } = exports;
  assert.strictEqual(add(1, 2), 3);
  assert.strictEqual(exports.add(1, 2), 3);
  assert.strictEqual(add(1, 2), 3); // whoever kept the detour has the function
  assert.strictEqual(calls, 1);
});

test('functions of Python: arguments, results, errors', () => {
  let args;
  const interception = metacall.intercept(py.add, {
    before(call) { args = call.args; },
    after(call) { call.result++; },
  });
  assert.strictEqual(py.add(1, 2), 4);
  assert.deepStrictEqual(args, [1, 2]);
  interception.remove();
  assert.strictEqual(py.add(1, 2), 3);
  const other = metacall.intercept(py.bad, {
    after(call) {
      assert.strictEqual(call.error.message, 'from Python');
      call.error = new TypeError('from a hook');
    },
  });
  assert.throws(() => py.bad(), { name: 'TypeError', message: 'from a hook' });
  other.remove();
  assert.throws(() => py.bad(), { message: 'from Python' });
});

test("Python's own calls of its functions, and hooks of Python's on ours", () => {
  const loaded = metacall.metacall_load_from_memory_export('py', `
import metacall
def once(a):
    return a + 1
def twice(a):
    return once(once(a))
seen = []
held = []
def watch(function):
    held.append(metacall.intercept(function, before=lambda *a, **k: seen.append("before"),
                                   after=lambda *a, **k: seen.append("after")))
    return held[0].scope
def unwatch():
    held.pop().remove()
    return seen
`);
  const count = counter();
  const interception = metacall.intercept(loaded.once, count);
  assert.strictEqual(interception.scope, 'all');
  assert.strictEqual(loaded.twice(1), 3);
  assert.strictEqual(count.calls, 2);
  interception.remove();
  assert.strictEqual(loaded.twice(1), 3);
  assert.strictEqual(count.calls, 2);
  const { add } = exports;
  assert.strictEqual(String(loaded.watch(add)), 'all');
  assert.strictEqual(exports.add(1, 2), 3);
  assert.deepStrictEqual(loaded.unwatch(), ['before', 'after']);
  assert.strictEqual(exports.add, add);
});

test('where a function stands: module.exports itself, getters of compilers, memory', () => {
  const count = counter();
  inFile('module.exports = function whole(a) { return a; };', (file) => {
    const whole = require(file);
    const interception = metacall.intercept(whole, count);
    assert.strictEqual(interception.scope, 'all');
    assert.strictEqual(require(file)(3), 3);
    assert.strictEqual(count.calls, 1);
    interception.remove();
    assert.strictEqual(require(file), whole);
    delete require.cache[file];
  });
  inFile('Object.defineProperty(exports, "__esModule", { value: true }); function f() {}' +
    'Object.defineProperty(exports, "f", { enumerable: true, configurable: true, get: () => f });',
  (file) => {
    const loaded = require(file);
    const former = shape(loaded);
    const interception = metacall.intercept(loaded.f, count);
    require(file).f();
    assert.strictEqual(count.calls, 2);
    interception.remove();
    assert.strictEqual(shape(loaded), former);
  });
  metacall.metacall_load_from_memory('node',
    'exports.inMemory = (a) => a + 1; exports.through = (a) => exports.inMemory(a);');
  const interception = metacall.intercept('inMemory', count);
  assert.strictEqual(metacall.metacall('through', 1), 2);
  assert.strictEqual(count.calls, 3);
  interception.remove();
});

test('what cannot be replaced is seen through the registry alone, and says so', () => {
  const count = counter();
  const lone = (a) => a;
  inFile('module.exports = Object.freeze({ frozen(a) { return a; } });', (file) => {
    const { frozen } = require(file);
    for (const [one, reason] of [[lone, /no module/], [frozen, /frozen of .* cannot be changed/]]) {
      count.calls = 0;
      const interception = metacall.intercept(one, count);
      assert.strictEqual(interception.scope, 'registry');
      assert.match(interception.reason, reason);
      assert.strictEqual(one(1), 1);
      assert.strictEqual(count.calls, 0);
      assert.strictEqual(py.call(one, 3), 3);
      assert.strictEqual(count.calls, 1);
      interception.remove();
      assert.strictEqual(py.call(one, 3), 3);
      assert.strictEqual(count.calls, 1);
    }
  });
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 22 || (major === 22 && minor < 12)) return; // no require() of an ES module
  inFile('export function fromModule(a) { return a; }', (file) => {
    const { fromModule } = metacall.metacall_load_from_file_export('node', [file]);
    const interception = metacall.intercept(fromModule, count);
    assert.strictEqual(interception.scope, 'registry');
    assert.match(interception.reason, /only an ES module exports it \(.*made\.mjs\)/);
    interception.remove();
  }, 'mjs');
});

test('somebody else changed the place: it stays theirs, the hooks are gone', () => {
  const { add } = exports;
  const count = counter();
  const interception = metacall.intercept(add, count);
  const held = exports.add;
  exports.add = () => 'theirs';
  assert.throws(() => interception.remove(), /add of .* somebody else|somebody else .* add of /);
  assert.strictEqual(exports.add(), 'theirs');
  assert.strictEqual(held(1, 2), 3);
  assert.strictEqual(count.calls, 0);
  exports.add = add;
});

test('what is no function, no hook, not there', () => {
  assert.throws(() => metacall.intercept('no_such_function', counter()), /no_such_function/);
  assert.throws(() => metacall.intercept(5, counter()), /function/);
  for (const hooks of [undefined, {}, { before: 1 }]) {
    assert.throws(() => metacall.intercept(py.add, hooks), TypeError);
  }
  assert.strictEqual(py.add(1, 2), 3);
});

test('a program given with -e, whose functions are globals', () => {
  const script = 'function given(a) { return a * 2 } const m = require("metacall"), f = given;' +
    'const former = JSON.stringify(Object.getOwnPropertyDescriptor(globalThis, "given"));' +
    'const i = m.intercept("given", { after(c) { c.result += 1; } });' +
    'console.log(i.scope, given(21)); i.remove();' +
    'console.log(given(21), f === given, former ===' +
    'JSON.stringify(Object.getOwnPropertyDescriptor(globalThis, "given")));';
  const ran = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8' });
  assert.strictEqual(ran.stderr, '');
  assert.strictEqual(ran.stdout, 'all 43\n42 true true\n');
});

test('the hooks of a worker end with it', async () => {
  metacall.metacall_load_from_memory('py', 'def shared(a):\n    return a\n');
  const worker = new Worker(`
    const metacall = require('metacall');
    metacall.intercept('shared', { after(call) { call.result = 'seen'; } });
    require('worker_threads').parentPort.postMessage(metacall.metacall('shared', 1));`,
  { eval: true });
  const message = new Promise((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
  const ended = new Promise((resolve) => worker.on('exit', resolve));
  assert.strictEqual(await message, 'seen');
  assert.strictEqual(await ended, 0);
  assert.strictEqual(metacall.metacall('shared', 1), 1);
});

test('many calls leave nothing behind', () => {
  const interception = metacall.intercept('same', { before() {}, after() {} });
  const gc = () => { for (let i = 0; i < 3; i++) global.gc(); };
  const round = () => {
    for (let i = 0; i < 20000; i++) exports.same({ i });
    if (global.gc) gc();
    return process.memoryUsage().heapUsed;
  };
  require('v8').setFlagsFromString('--expose-gc');
  global.gc = require('vm').runInNewContext('gc');
  round();
  const first = round();
  const last = round();
  interception.remove();
  assert(last - first < 400000, `${last - first} bytes more`);
});
