// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Shapes: objects with the same keys in the same order. C knows each by the same number, and
// here it has code of its own that makes such an object, and that reads one.
(function shape(shared) {
  'use strict';

  const { native } = shared;
  const MOST_KEYS = 1024;
  const CHUNK = 64; // keys that one piece of code serves
  const MOST_ALIKE = 8; // shapes that begin with the same key
  const WARM = 16; // uses before code is made

  const shapes = []; // by number
  const alike = new Map(); // first key -> shapes
  const once = new Array(16).fill(null); // keys of objects that came once
  const cells = {}; // what takes and puts, of pack.js and unpack.js

  const text = JSON.stringify;

  // The one that V8 keeps for keys.
  const keyOf = (string) => Object.keys({ [string]: 0 })[0];

  // Code from text; null where the program allows none.
  function compile(parameters, given, body) {
    try {
      return new Function(...parameters, body)(...given);
    } catch {
      return null;
    }
  }

  function makerOf(keys) {
    return compile(['take'], [cells.take],
      `return () => ({ ${keys.map((key) => `${text(key)}: take()`).join(', ')} });`);
  }

  const readsOf = (keys) => keys.map((key) => `
    if ((refusal = put(object[${text(key)}])) !== '') return at(${text(key)}, refusal);`).join('');

  // Whether it is thenable is asked there too, where all objects are of one kind.
  function readerOf(shape) {
    const { keys } = shape;
    const { put, putFuture, at, begin, leave } = cells;
    if (keys.length > CHUNK) return readerOfMany(shape);
    return compile(['shape', 'put', 'putFuture', 'at', 'begin', 'leave'],
      [shape, put, putFuture, at, begin, leave], `return (object) => {
        if (typeof object.then === 'function') return putFuture(object);
        let refusal = begin(object, shape);
        if (refusal !== '') return refusal;
        ${readsOf(keys)}
        leave();
        return '';
      };`);
  }

  // Many small functions are made fast soon, a large one late or never.
  function readerOfMany(shape) {
    const { keys } = shape;
    const pieces = [];
    for (let i = 0; i < keys.length; i += CHUNK) {
      pieces.push(compile(['put', 'at'], [cells.put, cells.at],
        `return (object) => { let refusal; ${readsOf(keys.slice(i, i + CHUNK))} return ''; };`));
    }
    return pieces.includes(null) ? null : readerBy(shape, pieces);
  }

  // Each piece reads some of the keys; what it gives is the text of a refusal, '' for none.
  function readerBy(shape, pieces) {
    const { putFuture, begin, leave } = cells;
    return (object) => {
      if (typeof object.then === 'function') return putFuture(object);
      let refusal = begin(object, shape);
      for (let i = 0; i < pieces.length && refusal === ''; i++) refusal = pieces[i](object);
      if (refusal === '') leave();
      return refusal;
    };
  }

  class Shape {
    constructor(number, keys, room) {
      this.number = number;
      this.keys = keys;
      this.room = room; // bytes that the keys take in C
      this.next = null; // what came after it the last time
      this.made = this.wasRead = 0; // how often, as long as there is no code for it
      this.make = () => this.makeSlowly();
      this.read = readerBy(this, [(object) => this.readSlowly(object)]);
    }

    makeSlowly() {
      if (++this.made === WARM) this.make = makerOf(this.keys) || this.make;
      const object = {};
      for (const key of this.keys) object[key] = cells.take();
      return object;
    }

    readSlowly(object) {
      if (++this.wasRead === WARM) this.read = readerOf(this) || this.read;
      for (const key of this.keys) {
        const refusal = cells.put(object[key]);
        if (refusal !== '') return cells.at(key, refusal);
      }
      return '';
    }
  }

  const serveShapes = (given) => { Object.assign(cells, given); };

  function same(keys, others) {
    const count = keys.length;
    if (others.length !== count) return false;
    for (let i = 0; i < count; i++) if (keys[i] !== others[i]) return false;
    return true;
  }

  function add(number, keys) {
    const made = new Shape(number, keys, cells.head[12]);
    shapes[number] = made;
    const others = alike.get(keys[0]);
    if (others === undefined) alike.set(keys[0], [made]);
    else others.push(made);
    return made;
  }

  // C has come upon one.
  function learnShape(number, keys) {
    add(number, keys.map(keyOf));
  }

  // From the second time on it is one.
  function meet(keys) {
    const place = (keys.length + 7 * keys[0].length) & 15;
    if (once[place] === null || !same(once[place], keys)) {
      once[place] = keys;
      return null;
    }
    once[place] = null;
    const number = native.shape(keys);
    return number < 0 ? null : add(number, keys);
  }

  let last = { next: null };

  function search(keys) {
    if (keys.length === 0 || keys.length > MOST_KEYS) return null;
    const others = alike.get(keys[0]);
    let found = null;
    if (others !== undefined) {
      for (let i = 0; i < others.length && found === null; i++) {
        if (same(others[i].keys, keys)) found = others[i];
      }
      if (found === null && others.length >= MOST_ALIKE) return null;
    }
    if (found === null) found = meet(keys);
    if (found !== null) last = last.next = found;
    return found;
  }

  // The shape of what Object.keys gave, or null.
  function shapeOf(keys) {
    const { next } = last;
    if (next === null || !same(next.keys, keys)) return search(keys);
    last = next;
    return next;
  }

  return { shapes, shapeOf, keyOf, learnShape, serveShapes };
})
