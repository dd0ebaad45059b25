// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Objects and classes of other languages as JavaScript sees them: a Proxy around an empty target.
// Each trap asks for one operation of the object, which stays where it is.
(function proxy(shared, require) {
  'use strict';

  const { native, head, ForeignObject, objectFlags: flags, operations: op } = shared;
  const { inspect } = require('util');
  const { perform, attribute } = native;
  const STATE = Symbol('metacall');
  const Iterator = Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()));
  const states = new WeakMap(); // proxy -> state

  const hasOwn = (object, key) => Object.prototype.hasOwnProperty.call(object, key);
  const isIndex = (key) => /^(?:0|[1-9]\d{0,15})$/.test(key);

  // ------------------------------------------------------------------------------- iteration

  function step(state, operation, args) {
    const value = perform(state.address, operation, undefined, ...args);
    const done = head[4] === 1;
    return { value: done && value === null ? undefined : value, done };
  }

  function finish(state, value) {
    const last = perform(state.address, op.RETURN, undefined);
    return { value: value === undefined && last !== null ? last : value, done: true };
  }

  const syncSteps = {
    next: (state) => (...args) => step(state, op.NEXT, args),
    return: (state) => (value) => finish(state, value),
    throw: (state) => (error) => step(state, op.THROW, [error]),
  };

  const asyncSteps = {
    next: (state) => async (...args) => {
      const items = await perform(state.address, op.ASYNC_NEXT, undefined, ...args);
      return items.length > 0 ? { value: items[0], done: false } : { value: undefined, done: true };
    },
    return: (state) => async (value) => {
      await perform(state.address, op.ASYNC_RETURN, undefined);
      return { value, done: true };
    },
  };

  // The methods of JavaScript's protocol, bound to the object that they belong to.
  function stepper(state, key) {
    if (state.flags & flags.ASYNC_ITERATOR) return asyncSteps[key](state);
    if (key !== 'next' && !(state.flags & flags.GENERATOR)) return undefined;
    return syncSteps[key](state);
  }

  function isStep(state, key) {
    return (state.flags & (flags.ITERATOR | flags.ASYNC_ITERATOR)) !== 0 &&
      (key === 'next' || key === 'return' || (key === 'throw' && !(state.flags &
        flags.ASYNC_ITERATOR)));
  }

  // ------------------------------------------------------------------------------- properties

  const textOf = (state) => perform(state.address, op.TEXT, undefined);

  // What it is as a number in its own language, else what its text says.
  function numberOf(state) {
    let number = null;
    try {
      number = perform(state.address, op.NUMBER, undefined);
    } catch (error) {
      if (error.code !== 'ERR_METACALL_SUPPORT') throw error;
    }
    return Number(number === null ? textOf(state) : number);
  }

  function isInstance(state, value) {
    const other = states.get(value);
    return other !== undefined && perform(other.address, op.INSTANCE, undefined, state.proxy);
  }

  const symbols = new Map([
    [Symbol.iterator, (state) => {
      if (state.flags & flags.ITERATOR) return () => state.proxy;
      return state.flags & flags.ITERABLE ? () => perform(state.address, op.ITERATE, undefined)
        : undefined;
    }],
    [Symbol.asyncIterator, (state) => {
      if (state.flags & flags.ASYNC_ITERATOR) return () => state.proxy;
      return state.flags & flags.ASYNC_ITERABLE
        ? () => perform(state.address, op.ASYNC_ITERATE, undefined) : undefined;
    }],
    [Symbol.toPrimitive, (state) => (hint) => (hint === 'number' ? numberOf(state)
      : textOf(state))],
    [Symbol.toStringTag, (state) => state.type],
    [Symbol.hasInstance, (state) => (state.flags & flags.CLASS
      ? (value) => isInstance(state, value) : undefined)],
  ]);
  if (Symbol.dispose) {
    symbols.set(Symbol.dispose, (state) => (state.flags & flags.CONTEXT
      ? () => { perform(state.address, op.EXIT, undefined, null); } : undefined));
  }

  if (Symbol.asyncDispose) {
    symbols.set(Symbol.asyncDispose, (state) => (state.flags & flags.ASYNC_CONTEXT
      ? async () => { await perform(state.address, op.ASYNC_EXIT, undefined, null); } : undefined));
  }

  // What an object has in JavaScript even where its own language knows no such attribute.
  function inherited(target, state, key) {
    switch (key) {
      case 'constructor': return perform(state.address, op.TYPE, undefined);
      case 'toString':
      case 'toLocaleString': return () => textOf(state);
      case 'valueOf': return () => state.proxy;
      case 'name': return typeof target === 'function' ? state.type : undefined;
      default:
        return state.flags & flags.ITERATOR ? Reflect.get(Iterator, key, state.proxy)
          : Reflect.get(target, key);
    }
  }

  function lengthOf(state) {
    return perform(state.address, op.LENGTH, undefined);
  }

  function itemOf(state, index) {
    if (state.flags & flags.LENGTH && index >= lengthOf(state)) return undefined;
    return perform(state.address, op.ITEM_GET, undefined, index);
  }

  // One whose getter fails is there.
  function isThere(state, key) {
    try {
      return perform(state.address, op.HAS, key);
    } catch {
      return true;
    }
  }

  const traps = {
    get(target, key) {
      const state = target[STATE];
      if (typeof key === 'symbol') {
        const known = symbols.get(key);
        return known === undefined || hasOwn(target, key) ? Reflect.get(target, key)
          : known(state);
      }
      if (isStep(state, key)) return stepper(state, key);
      if (state.flags & flags.ITEMS && isIndex(key)) return itemOf(state, Number(key));
      if (key === 'length' && state.flags & flags.LENGTH) return lengthOf(state);
      const found = attribute(state.address, key);
      return found === undefined ? inherited(target, state, key) : found;
    },
    set(target, key, value) {
      const state = target[STATE];
      if (typeof key === 'symbol') return Reflect.set(target, key, value);
      if (state.flags & flags.ITEMS && isIndex(key)) {
        perform(state.address, op.ITEM_SET, undefined, Number(key), value);
      } else {
        perform(state.address, op.SET, key, value);
      }
      return true;
    },
    deleteProperty(target, key) {
      const state = target[STATE];
      if (typeof key === 'symbol') return Reflect.deleteProperty(target, key);
      if (state.flags & flags.ITEMS && isIndex(key)) {
        perform(state.address, op.ITEM_DELETE, undefined, Number(key));
      } else {
        perform(state.address, op.DELETE, key);
      }
      return true;
    },
    has(target, key) {
      const state = target[STATE];
      if (typeof key === 'symbol') {
        return key in target || (symbols.has(key) && symbols.get(key)(state) !== undefined);
      }
      if (state.flags & flags.ITEMS && isIndex(key)) {
        return state.flags & flags.LENGTH ? Number(key) < lengthOf(state)
          : perform(state.address, op.CONTAINS, undefined, Number(key));
      }
      return isThere(state, key) || key in target;
    },
    ownKeys(target) {
      const names = perform(target[STATE].address, op.NAMES, undefined);
      return names.filter((name) => !/^__.*__$/.test(name));
    },
    getOwnPropertyDescriptor(target, key) {
      const state = target[STATE];
      if (typeof key === 'symbol' || !isThere(state, key)) return undefined;
      return {
        get: () => state.proxy[key],
        set: (value) => { state.proxy[key] = value; },
        enumerable: true,
        configurable: true,
      };
    },
    defineProperty(target, key, described) {
      if (typeof key === 'symbol') return Reflect.defineProperty(target, key, described);
      if (!('value' in described)) return false;
      return traps.set(target, key, described.value);
    },
    apply(target, self, args) {
      const state = target[STATE];
      return perform(state.address, state.flags & flags.CLASS ? op.CONSTRUCT : op.CALL, undefined,
        ...args);
    },
    construct(target, args) {
      const state = target[STATE];
      if (!(state.flags & flags.CLASS)) throw new TypeError(`${state.type} is not a constructor`);
      return perform(state.address, op.CONSTRUCT, undefined, ...args);
    },
    preventExtensions: () => false,
  };

  function targetOf(bits) {
    if (!(bits & (flags.CLASS | flags.CALLABLE))) {
      return new ForeignObject();
    }
    // A bound function can be constructed and has no property that must be told.
    const target = function () {}.bind();
    delete target.name;
    delete target.length;
    return target;
  }

  function makeObject(address, bits, type) {
    const state = { address, flags: bits, type, proxy: null };
    const target = targetOf(bits);
    Object.defineProperty(target, STATE, { value: state, configurable: true });
    // util.inspect looks at the target alone.
    Object.defineProperty(target, inspect.custom,
      { value: () => perform(address, op.REPR, undefined), configurable: true, writable: true });
    state.proxy = new Proxy(target, traps);
    states.set(state.proxy, state);
    return state.proxy;
  }

  // ------------------------------------------------------------------------------- using

  function leave(state, error) {
    return perform(state.address, op.EXIT, undefined, error) === true;
  }

  const errorOf = (thrown) => (thrown instanceof Error ? thrown : new Error(String(thrown)));

  // async with manager as value: await body(value)
  async function usingLater(state, body) {
    const value = await perform(state.address, op.ASYNC_ENTER, undefined);
    let result;
    try {
      result = await body(value);
    } catch (error) {
      if (!await perform(state.address, op.ASYNC_EXIT, undefined, errorOf(error))) throw error;
      return undefined;
    }
    await perform(state.address, op.ASYNC_EXIT, undefined, null);
    return result;
  }

  // with manager as value: body(value)
  function using(manager, body) {
    const state = states.get(manager);
    if (state === undefined || !(state.flags & (flags.CONTEXT | flags.ASYNC_CONTEXT))) {
      throw new TypeError('using: the first argument must be a context manager of another language');
    }
    if (!(state.flags & flags.CONTEXT)) return usingLater(state, body);
    const failed = (error) => { if (!leave(state, errorOf(error))) throw error; };
    let result;
    try {
      result = body(perform(state.address, op.ENTER, undefined));
    } catch (error) {
      return failed(error);
    }
    if (result !== null && typeof result === 'object' && typeof result.then === 'function') {
      return result.then((value) => { leave(state, null); return value; }, failed);
    }
    leave(state, null);
    return result;
  }

  return { makeObject, using };
})
