// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Values on their way to C, in the packed form.
(function pack(shared, require) {
  'use strict';

  const { native, head, below, shapeOf, ForeignObject } = shared;
  const { NULL, FALSE, TRUE, NUMBER, TEXT, ARRAY, OBJECT, NUMBERS, MAP, BUFFER, BIGINT, FUNCTION,
    ERROR, FOREIGN, DATE, SET, HANDLE, FUTURE, MEMORY, SHAPED } = shared.CELL;
  const { isArray } = Array;
  const { keys, getPrototypeOf, getOwnPropertySymbols } = Object;
  const MAX_DEPTH = 1000;

  let cells = new Float64Array(new ArrayBuffer(8 * 2048));
  let limit = cells.length;
  let top = 0;
  let text = '';
  let refs = null;
  let stack = []; // what is being put
  let range = false; // a refusal is about a range, not about a type
  let items = 0; // of all arrays and sets
  let pairs = 0; // of all objects and Maps
  let shaped = 0; // bytes of the keys of all shapes

  native.buffers(cells.buffer);

  function room(count) {
    if (top + count <= limit) return;
    const larger = new Float64Array(new ArrayBuffer(8 * 2 * (top + count)));
    larger.set(cells.subarray(0, top));
    cells = larger;
    limit = cells.length;
    native.buffers(cells.buffer);
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

  // Arguments: head[14] says how many, or which one was refused.
  function putAll(args) {
    for (let i = 0; i < args.length; i++) {
      const refusal = put(args[i]);
      if (refusal !== '') {
        head[14] = i + 1;
        return refusal;
      }
    }
    head[14] = args.length;
    return '';
  }

  function refusalOf(value, all) {
    try {
      return all ? putAll(value) : put(value);
    } catch (error) {
      if (!(error instanceof RangeError) || stack.length < 64) throw error;
      return STACK;
    }
  }

  function packFrom(start, value, all) {
    const refusal = refusalOf(value, all);
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

  // Packs a value, or all values of an array one after the other. Gives the joined text, or [text, ...refs]. A getter may come back here: what is being packed
  // outside of it is kept below `start`. C reads the cells before any JavaScript runs again.
  let packing = false;
  let within = 0; // how often that was
  function pack(value, all) {
    if (packing) return packWithin(value, all);
    packing = true;
    text = '';
    refs = null;
    range = false;
    items = pairs = shaped = 0;
    if (stack.length > 0) stack = []; // of one that was refused
    try {
      return packFrom(0, value, all);
    } finally {
      packing = false;
      top = 0;
      text = '';
      refs = null;
    }
  }

  function packWithin(value, all) {
    const outer = [text, refs, stack, range, items, pairs, shaped];
    const start = top;
    within++;
    text = '';
    refs = null;
    stack = [];
    range = false;
    items = pairs = shaped = 0;
    try {
      return packFrom(start, value, all);
    } finally {
      top = start;
      [text, refs, stack, range, items, pairs, shaped] = outer;
    }
  }

  shared.serveShapes({ head, put, putFuture, begin, leave,
    at: (key, refusal) => at(named(key), refusal) });

  return { pack };
})
