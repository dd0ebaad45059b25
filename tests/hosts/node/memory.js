// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Memory that both languages use in place: no copy, no matter the size, and nobody takes it away.
const assert = require('assert');
const test = require('./suite.js');
const metacall = require('metacall');

const py = metacall.metacall_load_from_memory_export('py', `
import array, gc
KEPT = []
def echo(x): return x
def kind(x): return type(x).__name__
def form(x): return [type(x).__name__, x.format, x.itemsize, x.nbytes, x.readonly]
def first(x): return x[0]
def put(x, i, v): x[i] = v
def total(x): return sum(x)
def make_bytes(n): return bytes([7]) * n
def make_bytearray(n): return bytearray(n)
def make_array(code, *values): return array.array(code, values)
def keep(x): KEPT.append(x)
def kept(): return KEPT[-1]
def look(i=0): return KEPT[-1][i]
def let_go():
    KEPT.clear()
    gc.collect()
def grow():
    KEPT[-1].extend(b'x' * 100)
`);

const typed = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array,
  Float32Array, Float64Array];
const codes = { Int8Array: 'b', Uint8Array: 'B', Int16Array: 'h', Uint16Array: 'H', Int32Array: 'i',
  Uint32Array: 'I', Float32Array: 'f', Float64Array: 'd', BigInt64Array: 'q', BigUint64Array: 'Q' };

test('typed arrays are memoryviews of their format, and the same memory', () => {
  for (const Type of typed) {
    const mine = new Type([1, 2, 3]);
    const [kind, format, size, bytes, constant] = py.form(mine);
    assert.deepStrictEqual([kind, format, size, bytes, constant],
      ['memoryview', codes[Type.name], Type.BYTES_PER_ELEMENT, mine.byteLength, false]);
    py.put(mine, 1, 9);
    assert.strictEqual(mine[1], 9);
    assert.strictEqual(py.total(mine), 13);
    assert.strictEqual(py.echo(mine), mine);
    assert.strictEqual(py.echo({ deep: [mine] }).deep[0], mine);
  }
  for (const Type of [BigInt64Array, BigUint64Array]) {
    const mine = new Type([1n, 2n]);
    py.put(mine, 0, 5n);
    assert.strictEqual(mine[0], 5n);
    assert.strictEqual(py.form(mine)[1], codes[Type.name]);
  }
});

test('a view of a part, an ArrayBuffer, a DataView, a SharedArrayBuffer', () => {
  const whole = new Uint8Array([0, 1, 2, 3, 4]);
  const part = whole.subarray(1, 3);
  py.put(part, 0, 77);
  assert.strictEqual(whole[1], 77);
  assert.strictEqual(py.form(part)[3], 2);
  const buffer = new ArrayBuffer(4);
  py.put(buffer, 3, 5);
  assert.strictEqual(new Uint8Array(buffer)[3], 5);
  assert.strictEqual(py.echo(buffer), buffer);
  const view = new DataView(buffer, 2);
  py.put(view, 0, 6);
  assert.strictEqual(new Uint8Array(buffer)[2], 6);
  assert.strictEqual(py.echo(view), view);
  const shared = new SharedArrayBuffer(8);
  py.put(new Int32Array(shared), 1, 9);
  assert.strictEqual(new Int32Array(shared)[1], 9);
  py.put(shared, 0, 1);
  assert.strictEqual(new Uint8Array(shared)[0], 1);
  assert.strictEqual(py.kind(new Float64Array(0)), 'memoryview');
});

test('detached memory is refused by name', () => {
  const { port1, port2 } = new (require('worker_threads').MessageChannel)();
  for (const make of [(b) => new Uint8Array(b), (b) => new Float64Array(b), (b) => new DataView(b),
    (b) => b]) {
    const buffer = new ArrayBuffer(16);
    const mine = make(buffer);
    port1.postMessage(buffer, [buffer]);
    assert.throws(() => py.echo(mine), (error) => error instanceof TypeError &&
      /^argument 1 of echo\(\).*the memory of a detached ArrayBuffer is gone$/.test(error.message));
    assert.throws(() => py.echo([{ mine }]), /^TypeError: argument 1 of echo.*is gone$/);
  }
  port2.close();
});

test('a Buffer is bytes of its own, at every size', () => {
  for (const size of [0, 3, 4095, 4096, 100000]) {
    const mine = Buffer.alloc(size, 1);
    assert.strictEqual(py.kind(mine), 'bytes');
    assert.deepStrictEqual(py.echo(mine), mine);
    py.keep(mine);
    mine.fill(2);
    if (size > 0) assert.strictEqual(py.look(), 1);
  }
  py.let_go();
});

test('bytes are a Buffer, bytearray and array are shared at every size', () => {
  for (const size of [0, 1, 4095, 4096, 1 << 20]) {
    const bytes = py.make_bytes(size);
    assert.ok(Buffer.isBuffer(bytes));
    assert.strictEqual(bytes.length, size);
    if (size > 0) assert.strictEqual(bytes[size - 1], 7);
    assert.strictEqual(py.kind(bytes), 'bytes');
    const array = py.make_bytearray(size);
    assert.ok(array instanceof Uint8Array && !Buffer.isBuffer(array));
    assert.strictEqual(py.kind(array), 'bytearray');
    py.keep(array);
    if (size > 0) {
      array[0] = 42;
      assert.strictEqual(py.look(), 42);
    }
    assert.strictEqual(py.kept(), array);
  }
  for (const [name, code] of Object.entries(codes)) {
    const array = name.startsWith('Big') ? py.make_array(code, 1, 2) : py.make_array(code, 1, 2);
    assert.strictEqual(array.constructor.name, name);
    assert.strictEqual(Number(array[1]), 2);
    assert.strictEqual(py.kind(array), 'array');
    assert.strictEqual(py.echo(array), array);
  }
  py.let_go();
});

test('one ArrayBuffer over one memory, also from its own buffer and a part of it', () => {
  const array = py.make_bytearray(64);
  assert.strictEqual(py.echo(array).buffer, array.buffer);
  assert.strictEqual(py.kind(array.buffer), 'bytearray');
  const part = array.subarray(8, 16);
  py.put(part, 0, 3);
  assert.strictEqual(array[8], 3);
  assert.strictEqual(py.echo(part), part);
});

test('what Python looks into cannot be taken away', () => {
  const { MessageChannel } = require('worker_threads');
  const mine = new Float64Array(1000).fill(1.5);
  py.keep(mine);
  const { buffer } = mine;
  const channel = new MessageChannel();
  try {
    channel.port1.postMessage(buffer, [buffer]);
  } catch (error) {
    assert.match(error.name, /DataCloneError|TypeError/);
  }
  if (typeof structuredClone === 'function') {
    try {
      structuredClone(buffer, { transfer: [buffer] });
    } catch (error) {
      assert.match(error.name, /DataCloneError|TypeError/);
    }
  }
  for (const name of ['transfer', 'transferToFixedLength']) {
    if (typeof buffer[name] === 'function') assert.throws(() => buffer[name](), TypeError);
  }
  channel.port1.close();
  assert.strictEqual(mine.length, 1000);
  assert.strictEqual(py.look(999), 1.5);
  const theirs = py.make_bytearray(5000);
  if (typeof structuredClone === 'function') {
    try {
      structuredClone(theirs.buffer, { transfer: [theirs.buffer] });
    } catch (error) {
      assert.match(error.name, /DataCloneError|TypeError/);
    }
  }
  assert.strictEqual(theirs.length, 5000);
  py.let_go();
});

test('a resizable buffer goes as a copy', () => {
  let buffer;
  try {
    buffer = new ArrayBuffer(8, { maxByteLength: 16 });
  } catch {
    return;
  }
  if (!buffer.resizable) return;
  const mine = new Uint8Array(buffer);
  py.keep(mine);
  buffer.resize(16);
  buffer.resize(0);
  assert.strictEqual(py.look(7), 0);
  py.let_go();
});

test('a buffer that is gone is refused', () => {
  if (typeof structuredClone !== 'function') return;
  const mine = new Float64Array(10);
  structuredClone(mine.buffer, { transfer: [mine.buffer] });
  assert.throws(() => py.echo(mine), TypeError);
});

test('a bytearray that JavaScript holds cannot be resized, and can again', async () => {
  py.keep(py.make_bytearray(10));
  let held = py.kept();
  assert.throws(() => py.grow(), { name: 'BufferError' });
  assert.strictEqual(held.length, 10);
  held = null;
  require('v8').setFlagsFromString('--expose-gc');
  const gc = require('vm').runInNewContext('gc');
  for (let i = 0; ; i++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 5));
    try {
      py.grow();
      break;
    } catch (error) {
      if (i > 2000) throw error;
    }
  }
  py.let_go();
});

test('80 MB cost no copy', () => {
  const mine = new Float64Array(10e6);
  mine[9999999] = 1;
  py.first(mine); // and the functions are warm
  const fresh = new Float64Array(10e6);
  let best = Infinity;
  for (let i = 0; i < 50; i++) {
    const begin = process.hrtime.bigint();
    py.first(i === 0 ? fresh : mine);
    best = Math.min(best, Number(process.hrtime.bigint() - begin) / 1e6);
  }
  assert.ok(best < 1, `${best} ms`);
  py.keep(py.make_bytearray(80e6));
  const theirs = py.kept();
  assert.strictEqual(theirs.length, 80e6);
  assert.strictEqual(py.kept(), theirs);
  py.let_go();
});

test('numpy sees the same numbers', () => {
  let np;
  try {
    np = metacall.metacall_load_from_memory_export('py', `
import numpy
def double(x):
    a = numpy.asarray(x)
    a *= 2
    return [str(a.dtype), a.shape[0], a.base is not None]
def ones(n): return numpy.ones(n)
`);
  } catch {
    return;
  }
  const mine = new Float64Array([1, 2, 3]);
  assert.deepStrictEqual(np.double(mine), ['float64', 3, true]);
  assert.deepStrictEqual([...mine], [2, 4, 6]);
  const ones = np.ones(5);
  assert.ok(ones instanceof Float64Array);
  ones[0] = 10;
  assert.strictEqual(np.double(ones)[1], 5);
  assert.strictEqual(ones[0], 20);
});

test('memory comes and goes a thousand times', async () => {
  for (let i = 0; i < 1000; i++) {
    py.first(new Uint8Array(5000).fill(1));
    py.make_bytearray(5000)[0] = 1;
    py.make_bytes(5000);
    if (i % 100 === 0) await new Promise(setImmediate);
  }
});
