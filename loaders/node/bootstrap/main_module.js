// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// What the program of this process defines, and what its functions take.
(function main_module(shared, require) {
  'use strict';

  const { functionsOf, isFile, options } = shared;
  const Module = require('module');
  const path = require('path');
  const { realpathSync } = require('fs');
  const { types } = require('util');
  const { fileURLToPath, pathToFileURL } = require('url');
  const { keys } = Object;
  const [major, minor] = process.versions.node.split('.').map(Number);
  const canRequire = major > 22 || (major === 22 && minor >= 12);

  const GLOBALS = new Set(['global', 'clearImmediate', 'setImmediate', 'clearInterval',
    'clearTimeout', 'setInterval', 'setTimeout', 'queueMicrotask', 'structuredClone', 'atob',
    'btoa', 'performance', 'fetch', 'crypto', 'navigator', 'gc']);

  // ES modules by URL: their namespaces, null while there is none to be had. A module is asked for
  // that has been loaded already; import() gives it in the next turn of the loop, and where
  // require() takes ES modules (22.12 and newer) it is there at once, unless it is being evaluated.
  const namespaces = new Map();
  function namespaceOf(url) {
    const known = namespaces.get(url);
    if (known) return known;
    try {
      const file = fileURLToPath(url);
      const cached = file in Module._cache;
      const found = canRequire ? Module._load(file, undefined, false) : null;
      if (!cached) delete Module._cache[file];
      if (types.isModuleNamespaceObject(found)) {
        namespaces.set(url, found);
        return found;
      }
    } catch {
      // Not yet.
    }
    if (known === undefined) {
      namespaces.set(url, null);
      shared.importFrom(process.cwd(), url).then((found) => { namespaces.set(url, found); },
        () => { namespaces.delete(url); });
    }
    return null;
  }

  // The main module where that is an ES module: nothing but the command line tells of it.
  function mainUrl() {
    const [, file] = process.argv;
    if (options.embedded || typeof file !== 'string' || !path.isAbsolute(file)) return null;
    try {
      return isFile(file) && shared.isModule(file) ? pathToFileURL(realpathSync(file)).href : null;
    } catch {
      return null;
    }
  }

  const take = (found, exported, name, file) => {
    const own = functionsOf(exported, file);
    for (let i = 0; i < own.length; i += 2) {
      if (name === null || own[i] === name) found.push(own[i], own[i + 1]);
    }
  };

  // A program without a module (-e, stdin, the REPL) has globals.
  function takeGlobals(found, name) {
    for (const key of name === null ? keys(globalThis) : [name]) {
      const described = Object.getOwnPropertyDescriptor(globalThis, key);
      if (described && described.enumerable && !GLOBALS.has(key) &&
          typeof described.value === 'function') {
        found.push(key, described.value);
      }
    }
  }

  // One name of what a module exports; no other is looked at, for that may be a getter's doing.
  function named(exported, name) {
    try {
      if (typeof exported === 'function' && exported.name === name) return exported;
      const holds = exported !== null && /^(object|function)$/.test(typeof exported) &&
        !types.isProxy(exported) && Object.prototype.propertyIsEnumerable.call(exported, name);
      return holds && typeof exported[name] === 'function' ? exported[name] : null;
    } catch {
      return null; // a name of an ES module that is not there yet
    }
  }

  // What the program has loaded besides, its own before that of packages: by require(), then by
  // import where the hook of the port saw it.
  function takeLoaded(found, name) {
    const port = shared.port ||
      (options.embedded ? null : path.dirname(require.resolve('./index.js')));
    const index = port === null ? undefined : Module._cache[path.join(port, 'index.js')];
    const files = keys(Module._cache).filter((file) => port === null || !file.startsWith(port));
    const dependency = (file) => Number(/[\\/]node_modules[\\/]/.test(file));
    files.sort((one, other) => dependency(one) - dependency(other));
    for (const file of files) {
      const callee = named(Module._cache[file].exports, name);
      if (callee !== null) return found.push(name, callee);
    }
    const urls = index ? index.exports[Symbol.for('metacall.register')].modules : [];
    for (const url of urls) {
      const callee = named(namespaceOf(url), name);
      if (callee !== null) return found.push(name, callee);
    }
    return 0;
  }

  // Functions of the program now: those of its main module, for a name also of what it has loaded.
  function discover(name) {
    const main = process.mainModule || require.main;
    const url = main ? null : mainUrl();
    const found = [];
    if (main) take(found, main.exports, name, main.filename);
    else if (url !== null) take(found, namespaceOf(url), name, url);
    else takeGlobals(found, name);
    if (name !== null && found.length === 0) takeLoaded(found, name);
    return found.slice(0, name === null ? undefined : 2);
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
