// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Memory that two languages use in place. An ArrayBuffer that another language looks into must not
// be taken away: neither by postMessage and structuredClone nor by its own transfer().
(function memory(shared, require) {
  'use strict';

  const pinned = new WeakSet();
  const views = new WeakMap(); // ArrayBuffer of another language's memory -> its view

  const FORMATS = {
    Int8Array: 'b', Uint8Array: 'B', Uint8ClampedArray: 'B', Int16Array: 'h', Uint16Array: 'H',
    Int32Array: 'i', Uint32Array: 'I', BigInt64Array: 'q', BigUint64Array: 'Q', Float32Array: 'f',
    Float64Array: 'd',
  };
  const VIEWS = {
    b: Int8Array, B: Uint8Array, h: Int16Array, H: Uint16Array, i: Int32Array, I: Uint32Array,
    q: BigInt64Array, Q: BigUint64Array, f: Float32Array, d: Float64Array,
  };
  const { get: tagOf } = Object.getOwnPropertyDescriptor(
    Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag);

  function hold(buffer) {
    if (pinned.has(buffer) || !(buffer instanceof ArrayBuffer)) return;
    pinned.add(buffer);
    // Node has marked those that it did not allocate, and takes them back by detaching: a second
    // mark would forbid that too.
    if (!views.has(buffer)) require('worker_threads').markAsUntransferable(buffer);
    for (const name of ['transfer', 'transferToFixedLength', 'resize']) {
      if (typeof buffer[name] !== 'function') continue;
      Object.defineProperty(buffer, name, {
        configurable: true,
        writable: true,
        value() { throw new TypeError('memory that another language uses cannot be transferred'); },
      });
    }
  }

  // Its memory went elsewhere: nothing can be made of it any more.
  function isDetached(buffer) {
    if (buffer.byteLength !== 0) return false;
    try {
      return new Uint8Array(buffer) === null;
    } catch {
      return true;
    }
  }

  // [bytes, format, size of an element, whether to copy]: one that can be resized moves. null where
  // the memory is gone.
  function pin(value) {
    const view = ArrayBuffer.isView(value);
    const buffer = view ? value.buffer : value;
    if (isDetached(buffer)) return null;
    const bytes = view ? new Uint8Array(buffer, value.byteOffset, value.byteLength)
      : new Uint8Array(buffer);
    const moves = buffer.resizable === true;
    if (!moves) hold(buffer);
    const tag = view ? tagOf.call(value) : undefined;
    const format = FORMATS[tag] || 'B';
    return [bytes, format.charCodeAt(0), format === 'B' ? 1 : value.BYTES_PER_ELEMENT, moves];
  }

  function makeView(buffer, format, constant) {
    const Type = VIEWS[String.fromCharCode(format)] || Uint8Array;
    const view = constant && Type === Uint8Array ? Buffer.from(buffer)
      : new Type(buffer, 0, Math.floor(buffer.byteLength / Type.BYTES_PER_ELEMENT));
    views.set(buffer, view);
    hold(buffer);
    return view;
  }

  return { pin, makeView, viewOf: (buffer) => views.get(buffer) };
})
