// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Objects and classes of JavaScript that other languages hold: what they can do, and one operation
// at a time. The numbers are those of enum metacall_object_operation and metacall_object_flags.
(function object(shared, require) {
  'use strict';

  const { head, linkGet } = shared;
  const { types, inspect } = require('util');
  const { getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, hasOwnProperty } = Object;

  const flags = {
    CLASS: 1, CALLABLE: 2, ITERABLE: 4, ITERATOR: 8, GENERATOR: 16, ITEMS: 32, LENGTH: 64,
    ASYNC_ITERABLE: 128, ASYNC_ITERATOR: 256, CONTEXT: 512, ASYNC_CONTEXT: 1024,
  };
  const operations = {
    GET: 0, SET: 1, DELETE: 2, HAS: 3, NAMES: 4, METHOD: 5, CALL: 6, CONSTRUCT: 7, ITEM_GET: 8,
    ITEM_SET: 9, ITEM_DELETE: 10, CONTAINS: 11, LENGTH: 12, ITERATE: 13, NEXT: 14, THROW: 15,
    RETURN: 16, ASYNC_ITERATE: 17, ASYNC_NEXT: 18, ASYNC_RETURN: 19, ENTER: 20, EXIT: 21, TEXT: 22,
    REPR: 23, TYPE: 24, INSTANCE: 25, EQUAL: 26, HASH: 27, NUMBER: 30, ASYNC_ENTER: 31,
    ASYNC_EXIT: 32,
  };
  const NO_ITEM = 2, NO_ATTRIBUTE = 3; // head[5]: 0 = done, 1 = an iterator's end
  const { dispose, asyncDispose } = Symbol; // not in every Node

  // A class, a constructor of the language's own, or a function whose prototype was filled in.
  function isClass(value) {
    const own = getOwnPropertyDescriptor(value, 'prototype');
    if (own === undefined || typeof own.value !== 'object' || own.value === null) return false;
    if (own.writable === false) return true;
    const proto = own.value;
    if (!Reflect.apply(hasOwnProperty, proto, ['constructor'])) return false; // a generator's
    return getOwnPropertyNames(proto).length > 1 || getPrototypeOf(getPrototypeOf(proto)) !== null;
  }

  // 0 = a function, 1 = one that gives a promise, 2 = a class
  function sortOf(value) {
    try {
      if (isClass(value)) return 2;
    } catch {
      return 0; // a Proxy that will not be asked
    }
    return types.isAsyncFunction(value) && !types.isGeneratorFunction(value) ? 1 : 0;
  }

  const isFunction = (value) => typeof value === 'function';

  function flagsOf(value) {
    let found = flags.ITEMS;
    if (isFunction(value)) return isClass(value) ? flags.CLASS : flags.CALLABLE;
    const sync = isFunction(value[Symbol.iterator]);
    const async = isFunction(value[Symbol.asyncIterator]);
    const steps = isFunction(value.next);
    if (sync) found |= flags.ITERABLE | (steps ? flags.ITERATOR : 0);
    if (async) found |= flags.ASYNC_ITERABLE | (steps ? flags.ASYNC_ITERATOR : 0);
    if (sync && steps && isFunction(value.throw) && isFunction(value.return)) {
      found |= flags.GENERATOR;
    }
    if (typeof value.length === 'number' || typeof value.size === 'number') found |= flags.LENGTH;
    if (dispose && isFunction(value[dispose])) found |= flags.CONTEXT;
    if (asyncDispose && isFunction(value[asyncDispose])) found |= flags.ASYNC_CONTEXT;
    return found;
  }

  function typeOf(value) {
    if (isFunction(value)) return String(value.name);
    const { constructor } = value;
    if (isFunction(constructor) && constructor.name && constructor.name !== 'Object') {
      return String(constructor.name);
    }
    const tag = value[Symbol.toStringTag];
    return typeof tag === 'string' ? tag : 'Object';
  }

  // [flags, name of the type]; getters may refuse
  function describeObject(value) {
    let found = isFunction(value) ? flags.CALLABLE : flags.ITEMS;
    let type = 'Object';
    try {
      found = flagsOf(value);
      type = typeOf(value);
    } catch {
      // A Proxy, or a getter that throws: what is known so far.
    }
    return [found, type];
  }

  // A method comes bound, the same function each time as long as the object lives.
  const bounds = new WeakMap();
  function bound(owner, method) {
    if (linkGet(method) < 0) return method; // of another language
    let known = bounds.get(owner);
    if (known === undefined) bounds.set(owner, known = new Map());
    let made = known.get(method);
    if (made === undefined) {
      made = Function.prototype.bind.call(method, owner);
      Object.defineProperty(made, 'name', { value: method.name, configurable: true });
      known.set(method, made);
    }
    return made;
  }

  function namesOf(value) {
    const names = new Set(Object.keys(value));
    for (let at = getPrototypeOf(value); at !== null; at = getPrototypeOf(at)) {
      if (getPrototypeOf(at) === null || at === Function.prototype) break;
      for (const name of getOwnPropertyNames(at)) if (name !== 'constructor') names.add(name);
    }
    if (isFunction(value)) {
      for (const name of getOwnPropertyNames(value)) names.add(name);
      for (const name of ['length', 'name', 'prototype', 'arguments', 'caller']) names.delete(name);
    }
    return [...names];
  }

  function call(value, args) {
    return isClass(value) ? Reflect.construct(value, args) : Reflect.apply(value, undefined, args);
  }

  function method(value, name, args) {
    const callee = value[name];
    if (!isFunction(callee)) throw new TypeError(`${typeOf(value)}.${name} is not a function`);
    return isClass(callee) ? Reflect.construct(callee, args) : Reflect.apply(callee, value, args);
  }

  function attributeOf(value, name) {
    const found = value[name];
    if (found === undefined && !(name in value)) head[5] = NO_ATTRIBUTE;
    return isFunction(found) && !isClass(found) ? bound(value, found) : found;
  }

  function itemGet(value, key) {
    if (types.isMap(value) ? value.has(key) : key in value) {
      return types.isMap(value) ? value.get(key) : value[key];
    }
    head[5] = NO_ITEM;
    return key;
  }

  function itemDelete(value, key) {
    const gone = types.isMap(value) ? value.delete(key)
      : key in value && Reflect.deleteProperty(value, key);
    if (!gone) head[5] = NO_ITEM;
    return gone ? null : key;
  }

  function contains(value, item) {
    if (isFunction(value.has)) return Boolean(value.has(item));
    if (isFunction(value.includes)) return Boolean(value.includes(item));
    if (isFunction(value[Symbol.iterator])) {
      for (const each of value) if (Object.is(each, item)) return true;
      return false;
    }
    return (typeof item === 'string' || typeof item === 'number') && item in value;
  }

  function lengthOf(value) {
    const length = typeof value.length === 'number' ? value.length : value.size;
    if (typeof length !== 'number') throw new TypeError(`${typeOf(value)} has no length`);
    return length;
  }

  function step(result) {
    if (result === null || typeof result !== 'object') {
      throw new TypeError('an iterator gave what is no object');
    }
    if (result.done) head[5] = 1;
    return result.value;
  }

  function finish(iterator, given) {
    const result = isFunction(iterator.return) ? iterator.return(given) : undefined;
    head[5] = 1;
    return result !== null && typeof result === 'object' ? result.value : undefined;
  }

  const asyncStep = (result) => (result.done ? [] : [result.value]);

  function asyncIterate(value) {
    if (isFunction(value[Symbol.asyncIterator])) return value[Symbol.asyncIterator]();
    return value[Symbol.iterator]();
  }

  // No error is ever swallowed: JavaScript has no way to say so.
  async function leaveLater(value) {
    await need(value, asyncDispose, 'asynchronously disposable');
    return false;
  }

  function need(value, symbol, what) {
    if (!isFunction(value[symbol])) throw new TypeError(`${typeOf(value)} is not ${what}`);
    return value[symbol]();
  }

  function write(done, value, name) {
    if (!done) throw new TypeError(`${typeOf(value)}.${String(name)} cannot be changed`);
    return null;
  }

  let lastHash = 0;
  const hashes = new WeakMap();
  function hashOf(value) {
    let hash = hashes.get(value);
    if (hash === undefined) hashes.set(value, hash = ++lastHash);
    return hash;
  }

  function typeIn(value) {
    const { constructor } = value;
    return isFunction(constructor) ? constructor : Object;
  }

  // The operations that only ask.
  function ask(value, operation, args) {
    switch (operation) {
      case operations.ENTER: return value;
      case operations.EXIT: return need(value, dispose, 'disposable'), false;
      case operations.ASYNC_ENTER: return Promise.resolve(value);
      case operations.ASYNC_EXIT: return leaveLater(value);
      case operations.TEXT: return String(value);
      case operations.REPR: return inspect(value);
      case operations.TYPE: return typeIn(value);
      case operations.INSTANCE: return isFunction(args[0]) && value instanceof args[0];
      case operations.EQUAL: return Object.is(value, args[0]);
      case operations.HASH: return hashOf(value);
      default: throw new TypeError(`JavaScript knows no operation ${operation}`);
    }
  }

  function iterate(value, operation, args) {
    switch (operation) {
      case operations.ITERATE: return need(value, Symbol.iterator, 'iterable');
      case operations.NEXT: return step(value.next(...args));
      case operations.THROW: return step(value.throw(args[0]));
      case operations.RETURN: return finish(value, args[0]);
      case operations.ASYNC_ITERATE: return asyncIterate(value);
      case operations.ASYNC_NEXT: return Promise.resolve(value.next(...args)).then(asyncStep);
      case operations.ASYNC_RETURN:
        return Promise.resolve(isFunction(value.return) ? value.return() : null).then(() => null);
      default: return ask(value, operation, args);
    }
  }

  function operate(value, operation, name, ...args) {
    head[5] = 0;
    switch (operation) {
      case operations.GET: return attributeOf(value, name);
      case operations.METHOD: return method(value, name, args);
      case operations.SET: return write(Reflect.set(value, name, args[0]), value, name);
      case operations.DELETE: return write(Reflect.deleteProperty(value, name), value, name);
      case operations.HAS: return name in value;
      case operations.NAMES: return namesOf(value);
      case operations.CALL: return call(value, args);
      case operations.CONSTRUCT: return Reflect.construct(value, args);
      case operations.ITEM_GET: return itemGet(value, args[0]);
      case operations.ITEM_SET:
        if (types.isMap(value)) return value.set(args[0], args[1]), null;
        return write(Reflect.set(value, args[0], args[1]), value, args[0]);
      case operations.ITEM_DELETE: return itemDelete(value, args[0]);
      case operations.CONTAINS: return contains(value, args[0]);
      case operations.LENGTH: return lengthOf(value);
      default: return iterate(value, operation, args);
    }
  }

  return { sortOf, describeObject, operate, objectFlags: flags, operations };
})
