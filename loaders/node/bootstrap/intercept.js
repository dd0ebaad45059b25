// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Interception: where a function of this environment is exported, a detour takes its place. The
// detour is a Proxy: name, length, properties, prototype and `async` are the function's own, and
// whoever keeps it after the removal calls the function itself.
(function intercept(shared, require) {
  'use strict';

  const Module = require('module');
  const { types } = require('util');
  const { defineProperty, getOwnPropertyDescriptor, getPrototypeOf } = Object;

  const states = new WeakMap(); // function -> { detour, run, places }
  const texts = []; // WeakRefs of the modules that came from memory

  // What C's hooks look at; `run` is C's and calls proceed at most once. A result that the hooks
  // put in place comes in an array.
  function pass(run, args, proceed) {
    const passage = { args, result: undefined, proceed: null };
    passage.proceed = () => (passage.result = proceed());
    const replaced = run(passage);
    return replaced === undefined ? passage.result : replaced[0];
  }

  function makeState(original) {
    const state = { detour: null, run: null, places: [] };
    state.detour = new Proxy(original, {
      apply: (target, self, args) => (state.run === null ? Reflect.apply(target, self, args)
        : pass(state.run, args, () => Reflect.apply(target, self, args))),
      construct(target, args, made) {
        const proceed = () =>
          Reflect.construct(target, args, made === state.detour ? target : made);
        return state.run === null ? proceed() : pass(state.run, args, proceed);
      },
    });
    states.set(original, state);
    return state;
  }

  // ---------------------------------------------------------------- where a function is exported

  const isHolder = (value) => typeof value === 'function' ||
    (typeof value === 'object' && value !== null && !Array.isArray(value) &&
     !types.isProxy(value) && !ArrayBuffer.isView(value));

  // An accessor is asked only where a compiler wrote it, to export what another module has.
  function holds(owner, described, original, compiled) {
    if (!described.get) return described.value === original;
    if (!compiled) return false;
    try {
      return Reflect.apply(described.get, owner, []) === original;
    } catch {
      return false;
    }
  }

  function searchObject(owner, original, where, found) {
    const compiled = getOwnPropertyDescriptor(owner, '__esModule') !== undefined;
    for (const key of Reflect.ownKeys(owner)) {
      if (key === 'constructor') continue; // whose instances they are stays the truth
      const described = getOwnPropertyDescriptor(owner, key);
      if (described === undefined || !holds(owner, described, original, compiled)) continue;
      const place = { owner, key, described, where: `${String(key)} of ${where}` };
      if (described.configurable || described.writable) found.places.push(place);
      else found.fixed.push(place.where);
    }
  }

  // The exports themselves, the objects and the classes among them, and the class of exports that
  // are an instance.
  function searchExports(exported, original, where, found) {
    if (!isHolder(exported)) return;
    const seen = new Set([Object.prototype, Function.prototype]);
    const search = (value) => {
      if (!isHolder(value) || seen.has(value)) return;
      seen.add(value);
      searchObject(value, original, where, found);
      if (typeof value === 'function') search(getOwnPropertyDescriptor(value, 'prototype')?.value);
    };
    search(exported);
    if (typeof exported === 'object') search(getPrototypeOf(exported));
    for (const key of Reflect.ownKeys(exported)) {
      const { value } = getOwnPropertyDescriptor(exported, key) || {};
      if (typeof value === 'function') search(value);
      else if (isHolder(value) && getPrototypeOf(value) === Object.prototype) search(value);
    }
  }

  function searchModule(module, original, found) {
    const { exports: exported } = module;
    const where = module.filename || module.id;
    if (exported === original) {
      found.places.push({ owner: module, key: 'exports', where: `module.exports of ${where}`,
        described: getOwnPropertyDescriptor(module, 'exports') });
    }
    if (types.isModuleNamespaceObject(exported)) {
      if (Object.values(exported).includes(original)) found.names.push(where);
    } else {
      searchExports(exported, original, where, found);
    }
  }

  function search(original) {
    const found = { places: [], fixed: [], names: [] };
    for (const file of Object.keys(Module._cache)) {
      searchModule(Module._cache[file], original, found);
    }
    for (const text of texts) {
      const module = text.deref();
      if (module !== undefined) searchModule(module, original, found);
    }
    if (!process.mainModule && !require.main) {
      searchObject(globalThis, original, 'the global object', found);
    }
    return found;
  }

  // ---------------------------------------------------------------- on and off

  function put({ owner, key, described }, detour) {
    const { enumerable, configurable, writable } = described;
    defineProperty(owner, key, described.get
      ? { enumerable, configurable, get: () => detour, set: described.set }
      : { enumerable, configurable, writable, value: detour });
    return getOwnPropertyDescriptor(owner, key);
  }

  // '' or the reason why the function's own callers cannot be seen.
  function interceptOn(original, run) {
    const found = search(original);
    if (found.places.length === 0) {
      return found.names.length > 0
        ? `only an ES module exports it (${found.names.join(', ')}), whose names cannot be changed`
        : found.fixed.length > 0 ? `${found.fixed.join(', ')} cannot be changed`
          : 'no module that can be changed exports it';
    }
    const state = states.get(original) || makeState(original);
    state.run = run;
    state.places = found.places;
    for (const place of state.places) place.now = put(place, state.detour);
    shared.linkSet(state.detour, shared.linkGet(original)); // it crosses the border as the function
    return '';
  }

  // '' or the places that somebody else has changed, which stay as they are.
  function interceptOff(original) {
    const state = states.get(original);
    const changed = [];
    if (state === undefined) return '';
    for (const { owner, key, described, now, where } of state.places) {
      const there = getOwnPropertyDescriptor(owner, key);
      if (there && there.value === now.value && there.get === now.get) {
        defineProperty(owner, key, described);
      } else {
        changed.push(where);
      }
    }
    state.run = null;
    state.places = [];
    shared.linkDelete(state.detour);
    return changed.join(', ');
  }

  // ---------------------------------------------------------------- hooks written in JavaScript

  // What a hook is given: the same object before and after.
  class Call {
    #outcome = 0; // 1: a result, 2: an error
    #value;

    constructor(callee, name, args) {
      this.function = callee;
      this.name = name;
      this.args = args;
    }

    get result() { return this.#outcome === 1 ? this.#value : undefined; }

    set result(value) {
      this.#outcome = 1;
      this.#value = value;
    }

    get error() { return this.#outcome === 2 ? this.#value : undefined; }

    set error(value) {
      this.#outcome = 2;
      this.#value = value;
    }

    static run(call, hook) {
      try {
        Reflect.apply(hook, undefined, [call]);
      } catch (error) {
        call.error = error;
      }
      return [call.#outcome, call.#value];
    }

    static set(call, outcome, value) {
      call.#outcome = outcome;
      call.#value = value;
    }
  }

  // [outcome, value, call]: outcome 0 = go on, 1 = this is the result, 2 = this is thrown.
  function hookBefore(hook, callee, name, args, passage) {
    const call = new Call(callee, name, Object.freeze(passage ? passage.args.slice() : args));
    return [...Call.run(call, hook), call];
  }

  // The same, outcome 0 = as it was. `failed` tells what `had` is.
  function hookAfter(hook, callee, name, args, passage, before, failed, had) {
    const call = before ||
      new Call(callee, name, Object.freeze(passage ? passage.args.slice() : args));
    Call.set(call, failed ? 2 : 1, had);
    const [outcome, now] = Call.run(call, hook);
    return outcome === (failed ? 2 : 1) && Object.is(now, had) ? [0, now, call]
      : [outcome, now, call];
  }

  return {
    interceptOn, interceptOff, hookBefore, hookAfter,
    interceptCall: (run, callee, args) => pass(run, args,
      () => Reflect.apply(callee, undefined, args)),
    detourOf: (original) => states.get(original)?.run ? states.get(original).detour : undefined,
    noteText(module) {
      if (texts.length % 64 === 63) {
        texts.splice(0, texts.length, ...texts.filter((text) => text.deref() !== undefined));
      }
      texts.push(new WeakRef(module));
    },
  };
})
