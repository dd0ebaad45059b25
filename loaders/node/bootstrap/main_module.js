// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// What the program of this process defines, and what its functions take.
(function main_module(shared, require) {
  'use strict';

  const { functionsOf } = shared;
  const { keys } = Object;

  const GLOBALS = new Set(['global', 'clearImmediate', 'setImmediate', 'clearInterval',
    'clearTimeout', 'setInterval', 'setTimeout', 'queueMicrotask', 'structuredClone', 'atob',
    'btoa', 'performance', 'fetch', 'crypto', 'navigator', 'gc']);

  // Functions of the main module now; a program without one (-e, stdin, the REPL) has globals.
  function discover(name) {
    const main = process.mainModule || require.main;
    const found = [];
    const add = (owner, key) => {
      const described = Object.getOwnPropertyDescriptor(owner, key);
      if (described && typeof described.value === 'function') found.push(key, described.value);
    };
    if (main && main.exports !== undefined && main.exports !== null) {
      const own = functionsOf(main.exports, main.filename);
      for (let i = 0; i < own.length; i += 2) {
        if (name === null || own[i] === name) found.push(own[i], own[i + 1]);
      }
    } else {
      for (const key of name === null ? keys(globalThis) : [name]) {
        const described = Object.getOwnPropertyDescriptor(globalThis, key);
        if (described && described.enumerable && !GLOBALS.has(key)) add(globalThis, key);
      }
    }
    return found;
  }

  // Names of a function's parameters, as far as its source says them plainly.
  function parametersOf(callee) {
    const source = Function.prototype.toString.call(callee);
    const lone = /^(?:async\s+)?([A-Za-z_$][\w$]*)\s*=>/.exec(source);
    if (lone) return [lone[1]];
    const names = [];
    let depth = 0;
    let name = '';
    let done = false; // the rest, up to a comma, is a default value
    for (let i = source.indexOf('('); i >= 0 && i < source.length; i++) {
      const c = source[i];
      if (c === '/' && (source[i + 1] === '/' || source[i + 1] === '*')) {
        const end = source.indexOf(source[i + 1] === '/' ? '\n' : '*/', i + 2);
        if (end < 0) break;
        i = end + (source[i + 1] === '/' ? 0 : 1);
      } else if (c === '"' || c === "'" || c === '`') {
        for (i++; i < source.length && source[i] !== c; i++) if (source[i] === '\\') i++;
      } else if ('([{'.includes(c)) {
        depth++;
      } else if (')]}'.includes(c)) {
        if (--depth === 0) break;
      } else if (depth === 1 && c === ',') {
        names.push(name);
        name = '';
        done = false;
      } else if (depth === 1 && c === '=') {
        done = true;
      } else if (depth === 1 && !done && /[\w$]/.test(c)) {
        name += c;
      }
    }
    if (name !== '') names.push(name);
    return names.length === 0 && callee.length > 0
      ? Array.from({ length: callee.length }, (_, i) => `arg${i}`) : names;
  }

  return { discover, parametersOf };
})
