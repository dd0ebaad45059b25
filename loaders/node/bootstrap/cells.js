// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Arrays and objects as one packed form. What C fetches by itself costs 60 to 200 ns each.
(function cells(shared, require) {
  'use strict';

  const { native, shapes, shapeOf, keyOf } = shared;
  const { isArray } = Array;
  const { keys, getPrototypeOf, getOwnPropertySymbols, defineProperty, setPrototypeOf } = Object;
  const MAX_DEPTH = 1000;
  const LARGE = 128; // keys of an object that is a table rather

  // A value is a run of doubles: an operation, then its operands. Texts stand one after another in
  // one string; what does not fit a double or a text is in `refs`, in order. C knows these numbers.
  const NULL = 0, FALSE = 1, TRUE = 2, NUMBER = 3, TEXT = 4, ARRAY = 5, OBJECT = 6, NUMBERS = 7,
    MAP = 8, BUFFER = 9, BIGINT = 10, FUNCTION = 11, ERROR = 12, FOREIGN = 13, DATE = 14, SET = 15,
    HANDLE = 16, FUTURE = 17, MEMORY = 18, INTEGERS = 19, SHAPED = 20;

  let cells = new Float64Array(new ArrayBuffer(8 * 2048)); // JavaScript -> C
  let limit = cells.length;
  let inbox = new Float64Array(new ArrayBuffer(8 * 2048)); // C -> JavaScript
  let words = new Int32Array(inbox.buffer); // the same
  const head = new Float64Array(new ArrayBuffer(8 * 16)); // start, units of text, refs, end,
  // what an operation gave: of another language [4], of JavaScript [5]; the number of the call [7],
  // controllers of such calls [8], bytes of shapes' keys [9], items and pairs [10, 11], bytes of
  // the newest shape's keys [12]
  let top = 0;
  let text = '';
  let refs = null;
  let stack = []; // what is being put
  let range = false; // a refusal is about a range, not about a type
  let items = 0; // of all arrays and sets
  let pairs = 0; // of all objects and Maps
  let shaped = 0; // bytes of the keys of all shapes

  // What stands for an object of another language is an instance of it.
  class ForeignObject {}

  native.buffers(cells.buffer, inbox.buffer, head.buffer);

  function room(count) {
    if (top + count <= limit) return;
    const larger = new Float64Array(new ArrayBuffer(8 * 2 * (top + count)));
    larger.set(cells.subarray(0, top));
    cells = larger;
    limit = cells.length;
    native.buffers(cells.buffer, inbox.buffer, head.buffer);
  }

  function growInbox(count) {
    inbox = new Float64Array(new ArrayBuffer(8 * 2 * count));
    words = new Int32Array(inbox.buffer);
    native.buffers(cells.buffer, inbox.buffer, head.buffer);
  }

  function addRef(op, value) {
    room(1);
    cells[top++] = op;
    if (refs === null) refs = [];
    refs.push(value);
    return '';
  }

  const put = (value) => {
    if (typeof value !== 'number') return putOther(value);
    room(2);
    cells[top++] = NUMBER;
    cells[top++] = value;
    return '';
  };

  // One comparison after the other: a switch would ask for the name of the type first.
  function putOther(value) {
    if (typeof value === 'string') {
      room(2);
      cells[top++] = TEXT;
      cells[top++] = value.length;
      text += value;
      return '';
    }
    if (typeof value === 'boolean') return putConstant(value ? TRUE : FALSE);
    if (value === null || value === undefined) return putConstant(NULL);
    if (typeof value === 'object') {
      return isArray(value) ? putArray(value) : putObject(value);
    }
    if (typeof value === 'function') return addRef(FUNCTION, value);
    if (typeof value === 'bigint') return addRef(BIGINT, value);
    return ': a Symbol cannot be passed';
  }

  function putConstant(op) {
    room(1);
    cells[top++] = op;
    return '';
  }

  // A refusal is a text that goes behind the path: '[3].name: a Symbol cannot be passed'. The steps
  // of the path are put down on the way out, the innermost first.
  const CYCLE = ': a cycle cannot be passed';
  const DEEP = `: nested deeper than ${MAX_DEPTH} levels`;
  const STACK = ': nested too deep for the stack';
  let steps = [];

  function at(step, refusal) {
    steps.push(step);
    return refusal;
  }

  const named = (key) => (/^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`);
  const isObject = (value) => value !== null &&
    (typeof value === 'object' || typeof value === 'function');
  const inMap = (key, index) => (isObject(key) ? `<value ${index}>` : `<${String(key)}>`);

  // Cycles are looked for late, because that costs: the path is the way to what comes twice.
  function explain(refusal) {
    const path = steps.reverse();
    steps = [];
    if (refusal === DEEP || refusal === STACK) return refusal;
    if (refusal === CYCLE) {
      const again = stack.findIndex((value, i) => stack.indexOf(value) < i);
      if (again >= 0) path.length = again;
    }
    return path.join('') + refusal;
  }

  function enter(value) {
    if (stack.length >= 16 && stack.includes(value)) return CYCLE;
    if (stack.length >= MAX_DEPTH) return DEEP;
    stack.push(value);
    return '';
  }

  function leave() {
    stack.pop();
  }

  // Not a class's that extends Array; Array.prototype is an array itself, in every realm.
  function isPlainArray(array) {
    const proto = getPrototypeOf(array);
    return proto === null || isArray(proto);
  }

  function putArray(array) {
    const count = array.length; // asked first, it tells the compiler whose prototype that is
    if (getPrototypeOf(array) !== Array.prototype && !isPlainArray(array)) return putObject(array);
    items += count;
    room(count + 2);
    const before = within;
    let to = top + 2;
    let i = 0;
    for (; i < count; i++) {
      const value = array[i];
      if (typeof value !== 'number') break;
      cells[to++] = value;
    }
    if (i === count && within === before) {
      if (stack.length >= MAX_DEPTH) return DEEP;
      cells[top] = NUMBERS;
      cells[top + 1] = count;
      top = to;
      return '';
    }
    const refused = enter(array);
    if (refused !== '') return refused;
    cells[top++] = ARRAY;
    cells[top++] = count;
    for (i = 0; i < count; i++) {
      const refusal = put(array[i]);
      if (refusal !== '') return at(`[${i}]`, refusal);
    }
    leave();
    return '';
  }

  const { hasOwnProperty } = Object.prototype;
  const { types } = require('util');

  // Object.prototype, of another realm too, or none at all.
  function isPlainProto(proto) {
    return proto === null || (getPrototypeOf(proto) === null && hasOwnProperty.call(proto, '__proto__'));
  }

  // Not a class's that extends it.
  const isOwn = (object) => {
    const above = getPrototypeOf(getPrototypeOf(object));
    return above !== null && getPrototypeOf(above) === null;
  };

  function putObject(object) {
    const proto = getPrototypeOf(object);
    if (proto === Object.prototype) return putPlain(object);
    if (proto === ForeignObject.prototype) return addRef(HANDLE, object);
    if (isPlainProto(proto)) return putPlain(object);
    if (ArrayBuffer.isView(object)) {
      const own = object instanceof Buffer && shared.linkGet(object) === undefined;
      return addRef(own ? BUFFER : MEMORY, object);
    }
    if (types.isAnyArrayBuffer(object)) return addRef(MEMORY, object);
    if (types.isNativeError(object) || object instanceof Error) return addRef(ERROR, object);
    if (types.isMap(object) && isOwn(object)) return putMap(object);
    if (types.isSet(object) && isOwn(object)) return putSet(object);
    if (types.isDate(object) && isOwn(object)) return putDate(object);
    if (types.isExternal(object)) return addRef(FOREIGN, object);
    return addRef(isThenable(object) ? FUTURE : HANDLE, object);
  }

  const isThenable = (object) => types.isPromise(object) || typeof object.then === 'function';

  function putPlain(object) {
    if (getOwnPropertySymbols(object).length > 0) return addRef(HANDLE, object);
    const names = keys(object);
    const shape = shapeOf(names);
    if (shape !== null) return shape.read(object);
    return typeof object.then === 'function' ? putFuture(object) : putNamed(object, names);
  }

  const putFuture = (object) => addRef(FUTURE, object);

  // Around what a shape's code puts.
  function begin(object, shape) {
    pairs += shape.keys.length;
    shaped += shape.room;
    room(2);
    cells[top++] = SHAPED;
    cells[top++] = shape.number;
    return enter(object);
  }

  function putNamed(object, names) {
    const refused = enter(object);
    if (refused !== '') return refused;
    const count = names.length;
    pairs += count;
    room(2 + 3 * count);
    cells[top++] = OBJECT;
    cells[top++] = count;
    for (let i = 0; i < count; i++) {
      const key = names[i];
      const value = object[key];
      room(3);
      cells[top++] = key.length;
      text += key;
      if (typeof value === 'number') {
        cells[top++] = NUMBER;
        cells[top++] = value;
      } else {
        const refusal = put(value);
        if (refusal !== '') return at(named(key), refusal);
      }
    }
    leave();
    return '';
  }

  // What is being iterated may be changed by a getter: what counts is what was put.
  function putMap(map) {
    const refused = enter(map);
    if (refused !== '') return refused;
    room(2);
    cells[top++] = MAP;
    const place = top++;
    let count = 0;
    for (const [key, value] of map) {
      let refusal = put(key);
      if (refusal !== '') return at(`<key ${count}>`, refusal);
      refusal = put(value);
      if (refusal !== '') return at(inMap(key, count), refusal);
      count++;
    }
    cells[place] = count;
    pairs += count;
    leave();
    return '';
  }

  function putSet(set) {
    const refused = enter(set);
    if (refused !== '') return refused;
    room(2);
    cells[top++] = SET;
    const place = top++;
    let count = 0;
    for (const value of set) {
      const refusal = put(value);
      if (refusal !== '') return at(`[${count}]`, refusal);
      count++;
    }
    cells[place] = count;
    items += count;
    leave();
    return '';
  }

  // A Date has milliseconds; the microseconds below them that came with it stay with it as long as
  // it is not changed.
  const below = new WeakMap(); // Date -> [its milliseconds, microseconds]

  function putDate(date) {
    const time = Date.prototype.getTime.call(date);
    if (time !== time) {
      range = true;
      return ': an invalid Date';
    }
    const known = below.get(date);
    room(3);
    cells[top++] = DATE;
    cells[top++] = time;
    cells[top++] = known !== undefined && known[0] === time ? known[1] : 0;
    return '';
  }

  function makeDate(time, micros) {
    const date = new Date(time);
    if (micros !== 0) below.set(date, [time, micros]);
    return date;
  }

  function refusalOf(value) {
    try {
      return put(value);
    } catch (error) {
      if (!(error instanceof RangeError) || stack.length < 64) throw error;
      return STACK;
    }
  }

  function packFrom(start, value) {
    const refusal = refusalOf(value);
    head[0] = refusal === '' ? start : range ? -2 : -1;
    head[1] = text.length;
    head[2] = refs === null ? 0 : refs.length;
    head[3] = top;
    head[9] = shaped;
    head[10] = items;
    head[11] = pairs;
    if (refusal !== '') return explain(refusal);
    if (refs === null) return text;
    refs.unshift(text);
    return refs;
  }

  // Gives the joined text, or [text, ...refs]. A getter may come back here: what is being packed
  // outside of it is kept below `start`. C reads the cells before any JavaScript runs again.
  let packing = false;
  let within = 0; // how often that was
  function pack(value) {
    if (packing) return packWithin(value);
    packing = true;
    text = '';
    refs = null;
    range = false;
    items = pairs = shaped = 0;
    stack.length = 0;
    try {
      return packFrom(0, value);
    } finally {
      packing = false;
      top = 0;
      text = '';
      refs = null;
    }
  }

  function packWithin(value) {
    const outer = [text, refs, stack, range, items, pairs, shaped];
    const start = top;
    within++;
    text = '';
    refs = null;
    stack = [];
    range = false;
    items = pairs = shaped = 0;
    try {
      return packFrom(start, value);
    } finally {
      top = start;
      [text, refs, stack, range, items, pairs, shaped] = outer;
    }
  }

  let from = 0;
  let unit = 0;
  let ref = 0;

  const known = []; // keys by number, the same as in C

  function learn(number, key) {
    known[number] = keyOf(key);
  }

  function takeKey() {
    const said = inbox[from++];
    if (said < 0) return known[-1 - said];
    const begin = unit;
    unit += said;
    return text.slice(begin, unit);
  }

  function takeObject(count) {
    // A table that has been one from the beginning grows several times as fast.
    const object = count > LARGE ? { __proto__: null } : {};
    for (let i = 0; i < count; i++) {
      const key = takeKey();
      const value = take();
      if (key !== '__proto__') object[key] = value;
      else {
        defineProperty(object, key,
          { value, writable: true, enumerable: true, configurable: true });
      }
    }
    return count > LARGE ? setPrototypeOf(object, Object.prototype) : object;
  }

  const take = () => {
    const op = inbox[from++];
    return op === NUMBER ? inbox[from++] : takeOther(op);
  };

  function takeOther(op) {
    switch (op) {
      case TEXT: {
        const begin = unit;
        unit += inbox[from++];
        return text.slice(begin, unit);
      }
      case NULL:
        return null;
      case FALSE:
        return false;
      case TRUE:
        return true;
      case NUMBERS: {
        const count = inbox[from++];
        const array = new Array(count);
        const begin = from;
        for (let i = 0; i < count; i++) array[i] = inbox[begin + i];
        from = begin + count;
        return array;
      }
      case ARRAY: {
        const count = inbox[from++];
        const array = [];
        for (let i = 0; i < count; i++) array.push(take());
        return array;
      }
      case INTEGERS: {
        const count = inbox[from++];
        const array = new Array(count);
        const begin = 2 * from;
        for (let i = 0; i < count; i++) array[i] = words[begin + i];
        from += (count + 1) >> 1;
        return array;
      }
      case SHAPED:
        return shapes[inbox[from++]].make();
      case OBJECT:
        return takeObject(inbox[from++]);
      case MAP: {
        const map = new Map();
        for (let count = inbox[from++]; count > 0; count--) {
          const key = take();
          map.set(key, take());
        }
        return map;
      }
      case SET: {
        const set = new Set();
        for (let count = inbox[from++]; count > 0; count--) set.add(take());
        return set;
      }
      case DATE: {
        const time = inbox[from++];
        return makeDate(time, inbox[from++]);
      }
      default:
        return refs[ref++];
    }
  }

  function unpack(joined, values) {
    const outer = [text, refs];
    text = joined;
    refs = values;
    from = unit = ref = 0;
    try {
      return take();
    } finally {
      [text, refs] = outer;
    }
  }

  shared.serveShapes({ head, take, put, putFuture, begin, leave,
    at: (key, refusal) => at(named(key), refusal) });

  return { pack, unpack, growInbox, learn, head, ForeignObject };
})
