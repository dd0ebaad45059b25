// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// The loader's half in JavaScript, run once in every environment: packs arrays and objects (what C
// fetches by itself costs 60 to 200 ns each), makes errors, loads scripts. Only C calls it.
(function (native, require, options) {
  'use strict';

  const Module = require('module');
  const path = require('path');
  const { types } = require('util');
  const { isArray } = Array;
  const { keys, getPrototypeOf, getOwnPropertySymbols, defineProperty } = Object;
  const MAX_DEPTH = 1024;

  // ---------------------------------------------------------------- cells: the packed form
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

  // ---------------------------------------------------------------- errors of other languages

  class ForeignError extends Error {
    constructor(message, details) {
      super(message);
      this.name = details.type;
      hide(this, details);
    }
  }

  function hide(error, { language, type, code, stack, cause }) {
    const own = error.stack.split('\n')
      .filter((line) => /^\s+at (?!makeError )/.test(line)).join('\n');
    const put = (key, value) => defineProperty(error, key,
      { value, writable: true, enumerable: false, configurable: true });
    if (language) put('language', language);
    put('type', type);
    if (code !== null) put('code', code);
    put('name', type);
    if (cause !== null) put('cause', cause);
    put('stack', `${type}: ${error.message}\n${stack ? `${stack.trimEnd()}\n` : ''}${own}`);
  }

  // kind: 0 = of another language, 1 = Error, 2 = TypeError, 3 = RangeError, all three ours
  function makeError(kind, message, language, type, code, stack, cause) {
    if (kind === 0) {
      if (type !== 'TypeError' && type !== 'RangeError') {
        return new ForeignError(message, { language, type, code, stack, cause });
      }
      const error = type === 'TypeError' ? new TypeError(message) : new RangeError(message);
      hide(error, { language, type, code, stack, cause });
      return error;
    }
    const error = new (kind === 2 ? TypeError : kind === 3 ? RangeError : Error)(message);
    error.code = code;
    if (cause !== null) {
      defineProperty(error, 'cause',
        { value: cause, writable: true, enumerable: false, configurable: true });
    }
    return error;
  }

  // What C asks of a thrown value: [type, message, number, stack].
  function describeError(error) {
    if (types.isNativeError(error) || error instanceof Error) {
      const { errno } = error;
      return [String(error.name || 'Error'), String(error.message),
        typeof errno === 'number' ? errno : 0];
    }
    let shown;
    try {
      shown = typeof error === 'string' ? error : require('util').inspect(error);
    } catch {
      shown = 'a value that cannot be shown';
    }
    return [typeof error === 'object' && error !== null ? 'Object' : typeof error, shown, 0];
  }

  function stackOf(error) {
    const stack = error !== null && typeof error === 'object' ? error.stack : undefined;
    return typeof stack === 'string' ? stack : '';
  }

  // ---------------------------------------------------------------- scripts

  const searched = [];
  const { existsSync, readFileSync, realpathSync, statSync } = require('fs');

  // Folders where require() looks last, for names that are no paths. Node takes those of NODE_PATH
  // once, at its start; Module.globalPaths is a copy that nothing reads. Until a folder is named,
  // nothing is changed.
  const folders = [];

  function addFolder(folder) {
    if (folders.push(folder) > 1) return;
    const lookupPaths = Module._resolveLookupPaths;
    Module._resolveLookupPaths = function _resolveLookupPaths(request, parent) {
      const paths = lookupPaths.call(this, request, parent);
      return paths === null || /^\.{1,2}(\/|$)/.test(request) ? paths : paths.concat(folders);
    };
  }

  function addPath(folder) {
    const absolute = path.resolve(folder);
    if (searched.includes(absolute)) return;
    searched.push(absolute);
    addFolder(absolute);
  }

  const isFile = (file) => existsSync(file) && !statSync(file).isDirectory();

  function locate(name) {
    const places = path.isAbsolute(name) ? [name]
      : [path.resolve(name), ...searched.map((folder) => path.resolve(folder, name))];
    for (const place of places) {
      for (const ending of ['', '.js', '.cjs', '.mjs']) {
        if (isFile(place + ending)) return place + ending;
      }
    }
    const error = new Error(`no such file: ${name} (looked at ${places.join(', ')})`);
    error.code = 'ENOENT';
    throw error;
  }

  // import() works in a module that was compiled by the module system alone.
  let importer = null;
  function importFile(file) {
    if (importer === null) {
      const module = new Module('metacall:import');
      module.paths = [];
      module._compile('module.exports = (url) => import(url)', path.resolve('metacall-import.js'));
      importer = module.exports;
    }
    return importer(require('url').pathToFileURL(file).href);
  }

  function isModule(file) {
    if (file.endsWith('.mjs')) return true;
    if (!file.endsWith('.js')) return false;
    for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
      const description = path.join(folder, 'package.json');
      if (isFile(description)) {
        try {
          return JSON.parse(readFileSync(description, 'utf8')).type === 'module';
        } catch {
          return false;
        }
      }
      if (path.basename(folder) === 'node_modules' || folder === path.dirname(folder)) return false;
    }
  }

  // Gives the exports, or a Promise of an ES module's namespace.
  function loadFile(name, main) {
    const file = locate(name);
    if (main) process.argv[1] = realpathSync(file);
    if (isModule(file)) {
      if (options.embedded) return importFile(file);
      const [major, minor] = process.versions.node.split('.').map(Number);
      if (major > 22 || (major === 22 && minor >= 12)) return Module._load(file, undefined, false);
      throw new Error(`${file} is an ES module, which Node ${process.version} cannot load now; ` +
        'use await import(), a CommonJS file, or Node 22.12 or newer');
    }
    return Module._load(file, undefined, main);
  }

  // [0] until the promise is settled; then [1, value] or [2, error].
  function watch(promise) {
    const box = [0, undefined];
    promise.then((value) => { box[1] = value; box[0] = 1; },
      (error) => { box[1] = error; box[0] = 2; });
    return box;
  }

  let memories = 0;
  function loadText(source, name) {
    const file = path.join(process.cwd(), name || `metacall-memory-${++memories}.js`);
    const module = new Module(file);
    module.filename = file;
    module.paths = Module._nodeModulePaths(path.dirname(file));
    module._compile(source, file);
    module.loaded = true;
    return module.exports;
  }

  function loadPackage(name) {
    const from = path.join(process.cwd(), 'metacall.js');
    return Module.createRequire(from)(name);
  }

  function forget(name) {
    try {
      delete require('module')._cache[locate(name)];
    } catch {
      // A file that is gone has nothing to be forgotten.
    }
  }

  // [name, function, ...] of what a module exports.
  function functionsOf(exported, name) {
    const found = [];
    if (typeof exported === 'function') {
      found.push(exported.name || path.parse(name || 'exports').name, exported);
    }
    if (exported !== null && (typeof exported === 'object' || typeof exported === 'function')) {
      for (const key of keys(exported)) {
        const value = exported[key];
        if (typeof value === 'function') found.push(key, value);
      }
    }
    return found;
  }

  // ---------------------------------------------------------------- the main module

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

  // ---------------------------------------------------------------- as a guest

  // The host's executable is no Node: child_process.fork and workers' execArgv need a real one.
  function findNode() {
    if (options.executable && existsSync(options.executable)) return options.executable;
    for (const folder of (process.env.PATH || '').split(path.delimiter)) {
      for (const name of ['node', 'nodejs']) {
        const file = folder && path.join(folder, name);
        if (file && isFile(file)) return file;
      }
    }
    return 'node'; // not there: spawn says so by this name
  }

  // A pipe that Node opens becomes non-blocking for the whole process: put it back.
  function keepBlocking(name) {
    const described = Object.getOwnPropertyDescriptor(process, name);
    if (!described || !described.get) return;
    let stream = null;
    defineProperty(process, name, {
      configurable: true,
      enumerable: described.enumerable,
      set: described.set,
      get() {
        if (stream === null) {
          stream = described.get.call(process);
          const handle = stream && stream._handle;
          if (handle && typeof handle.setBlocking === 'function') handle.setBlocking(true);
        }
        return stream;
      },
    });
  }

  if (options.embedded) {
    process.execPath = findNode();
    process.argv.length = 0;
    process.argv.push(process.execPath, ...options.argv);
    keepBlocking('stdout');
    keepBlocking('stderr');
    options.paths.forEach(addFolder);
  }

  const links = new WeakMap(); // function -> address of its metacall_function
  const foreign = new WeakMap(); // error -> address of its metacall_error

  return {
    pack, unpack, growInbox, makeError, describeError, stackOf, addPath, loadFile, loadText,
    loadPackage, forget, functionsOf, discover,
    parametersOf, ForeignError, exit: (code) => process.exit(code), watch,
    linkGet: (key) => links.get(key),
    linkSet: (key, value) => { links.set(key, value); },
    linkDelete: (key) => { links.delete(key); },
    foreignGet: (key) => foreign.get(key),
    foreignSet: (key, value) => { foreign.set(key, value); },
  };
})
