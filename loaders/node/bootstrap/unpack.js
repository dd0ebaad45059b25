// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Values that come from C, in the packed form.
(function unpack(shared) {
  'use strict';

  const { native, below, shapes, keyOf } = shared;
  const { NULL, FALSE, TRUE, NUMBER, TEXT, ARRAY, OBJECT, NUMBERS, MAP, DATE, SET, INTEGERS,
    SHAPED } = shared.CELL;
  const { defineProperty, setPrototypeOf } = Object;
  const LARGE = 128; // keys of an object that is a table rather

  let inbox = new Float64Array(new ArrayBuffer(8 * 2048));
  let words = new Int32Array(inbox.buffer); // the same
  let text = '';
  let refs = null;
  let from = 0;
  let unit = 0;
  let ref = 0;
  native.buffers(undefined, inbox.buffer);

  function growInbox(count) {
    inbox = new Float64Array(new ArrayBuffer(8 * 2 * count));
    words = new Int32Array(inbox.buffer);
    native.buffers(undefined, inbox.buffer);
  }

  const known = []; // keys by number, the same as in C

  function learn(number, key) {
    known[number] = keyOf(key);
  }

  function makeDate(time, micros) {
    const date = new Date(time);
    if (micros !== 0) below.set(date, [time, micros]);
    return date;
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

  // A text, undefined where there is none, and what is referred to. No code of anybody else's runs
  // meanwhile.
  function unpack(joined, values) {
    text = joined === undefined ? '' : joined;
    refs = values;
    from = unit = ref = 0;
    const value = take();
    text = '';
    refs = null;
    return value;
  }

  shared.serveShapes({ take });

  return { unpack, growInbox, learn };
})
