// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Arrays and objects as one packed form. What C fetches by itself costs 60 to 200 ns each.
(function cells(shared, require) {
  'use strict';

  const { native } = shared;
  const { types } = require('util');
  const { isArray } = Array;
  const { keys, getPrototypeOf, getOwnPropertySymbols, defineProperty } = Object;
  const MAX_DEPTH = 1024;

  // A value is a run of doubles: an operation, then its operands. Texts stand one after another in
  // one string; what does not fit a double or a text is in `refs`, in order. C knows these numbers.
  const NULL = 0, FALSE = 1, TRUE = 2, NUMBER = 3, TEXT = 4, ARRAY = 5, OBJECT = 6, NUMBERS = 7,
    MAP = 8, BUFFER = 9, BIGINT = 10, FUNCTION = 11, ERROR = 12, FOREIGN = 13;

  let cells = new Float64Array(new ArrayBuffer(8 * 2048)); // JavaScript -> C
  let inbox = new Float64Array(new ArrayBuffer(8 * 2048)); // C -> JavaScript
  const head = new Float64Array(new ArrayBuffer(8 * 16)); // start, units of text, refs, end
  let top = 0;
  let text = '';
  let refs = null;
  let stack = [];

  native.buffers(cells.buffer, inbox.buffer, head.buffer);

  function room(count) {
    if (top + count <= cells.length) return;
    const larger = new Float64Array(new ArrayBuffer(8 * 2 * (top + count)));
    larger.set(cells.subarray(0, top));
    cells = larger;
    native.buffers(cells.buffer, inbox.buffer, head.buffer);
  }

  function growInbox(count) {
    inbox = new Float64Array(new ArrayBuffer(8 * 2 * count));
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
    switch (typeof value) {
      case 'number':
        room(2);
        cells[top++] = NUMBER;
        cells[top++] = value;
        return '';
      case 'string':
        room(2);
        cells[top++] = TEXT;
        cells[top++] = value.length;
        text += value;
        return '';
      case 'boolean':
        room(1);
        cells[top++] = value ? TRUE : FALSE;
        return '';
      case 'undefined':
        room(1);
        cells[top++] = NULL;
        return '';
      case 'bigint':
        return addRef(BIGINT, value);
      case 'function':
        return addRef(FUNCTION, value);
      case 'object':
        if (value === null) {
          room(1);
          cells[top++] = NULL;
          return '';
        }
        return isArray(value) ? putArray(value) : putObject(value);
      default:
        return ': a Symbol cannot be passed';
    }
  };

  // A refusal is the text that stands behind the path: '[3].name: a Symbol cannot be passed'.
  const at = (key, refusal) => (typeof key === 'number' ? `[${key}]`
    : /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`) + refusal;

  function enter(value) {
    if (stack.length >= 16 && stack.includes(value)) return ': a cycle cannot be passed';
    if (stack.length >= MAX_DEPTH) return `: nested deeper than ${MAX_DEPTH}`;
    stack.push(value);
    return '';
  }

  function putArray(array) {
    const count = array.length;
    room(count + 2);
    let to = top + 2;
    let i = 0;
    for (; i < count; i++) {
      const value = array[i];
      if (typeof value !== 'number') break;
      cells[to++] = value;
    }
    if (i === count) {
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
      if (refusal !== '') return at(i, refusal);
    }
    stack.pop();
    return '';
  }

  function isPlain(object) {
    const proto = getPrototypeOf(object);
    return proto === Object.prototype || proto === null || getPrototypeOf(proto) === null;
  }

  function nameOf(object) {
    if (types.isPromise(object)) return 'a Promise';
    const { constructor } = object;
    const name = typeof constructor === 'function' ? constructor.name : '';
    return name ? `an instance of ${name}` : 'an object with a prototype of its own';
  }

  function putObject(object) {
    if (types.isUint8Array(object)) return addRef(BUFFER, object);
    if (types.isAnyArrayBuffer(object)) return addRef(BUFFER, new Uint8Array(object));
    if (types.isNativeError(object) || object instanceof Error) return addRef(ERROR, object);
    if (types.isExternal(object)) return addRef(FOREIGN, object);
    if (types.isMap(object)) return putMap(object);
    if (!isPlain(object)) return `: ${nameOf(object)} cannot be passed`;
    if (getOwnPropertySymbols(object).length > 0) return ': a key that is a Symbol';
    const refused = enter(object);
    if (refused !== '') return refused;
    const names = keys(object);
    const count = names.length;
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
        if (refusal !== '') return at(key, refusal);
      }
    }
    stack.pop();
    return '';
  }

  function putMap(map) {
    const refused = enter(map);
    if (refused !== '') return refused;
    room(2);
    cells[top++] = MAP;
    cells[top++] = map.size;
    for (const [key, value] of map) {
      const refusal = put(key) || put(value);
      if (refusal !== '') return `<${String(key)}>${refusal}`;
    }
    stack.pop();
    return '';
  }

  // Gives the joined text, or [text, ...refs]. A getter may come back here: what is being packed
  // outside of it is kept below `start`. C reads the cells before any JavaScript runs again.
  function pack(value) {
    const outer = [text, refs, stack];
    const start = top;
    let refusal;
    let result;
    text = '';
    refs = null;
    stack = [];
    try {
      refusal = put(value);
    } catch (error) {
      if (!(error instanceof RangeError) || stack.length < 64) throw error;
      refusal = ': nested too deep for the stack';
    } finally {
      head[0] = refusal === '' ? start : -1;
      head[1] = text.length;
      head[2] = refs === null ? 0 : refs.length;
      head[3] = top;
      result = refusal !== '' ? refusal : refs === null ? text : (refs.unshift(text), refs);
      top = start;
      [text, refs, stack] = outer;
    }
    return result;
  }

  let from = 0;
  let unit = 0;
  let ref = 0;

  const take = () => {
    const op = inbox[from++];
    switch (op) {
      case NUMBER:
        return inbox[from++];
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
        for (let i = 0; i < count; i++) array[i] = inbox[from++];
        return array;
      }
      case ARRAY: {
        const count = inbox[from++];
        const array = [];
        for (let i = 0; i < count; i++) array.push(take());
        return array;
      }
      case OBJECT: {
        const count = inbox[from++];
        const object = {};
        for (let i = 0; i < count; i++) {
          const begin = unit;
          unit += inbox[from++];
          const key = text.slice(begin, unit);
          const value = take();
          if (key !== '__proto__') object[key] = value;
          else {
            defineProperty(object, key,
              { value, writable: true, enumerable: true, configurable: true });
          }
        }
        return object;
      }
      case MAP: {
        const map = new Map();
        for (let count = inbox[from++]; count > 0; count--) {
          const key = take();
          map.set(key, take());
        }
        return map;
      }
      default:
        return refs[ref++];
    }
  };

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

  return { pack, unpack, growInbox };
})
