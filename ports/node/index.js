// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// require('metacall'): loads functions of other languages into this process, and calls them.
// A program that only requires us pays for this file alone: the library comes with the first
// question that it has to answer, and Node's modules that are not there yet do not come for us.

// Some test runners have modules of their own kind.
const Module = typeof module.constructor._load === 'function' ? module.constructor
  : require('module');

// The native half: says to the library that this process is Node.
let native = new Proxy({}, {
  get(_, name) {
    const door = { exports: {} };
    process.dlopen(door, `${__dirname}/metacall.node`);
    native = door.exports;
    native.setup(require);
    return native[name];
  },
});

const FILES = 0, MEMORY = 1, PACKAGE = 2, CONFIGURATION = 3;
const KINDS = ['file', 'memory', 'package', 'configuration'];

function load(kind, tag, what, exported) {
  try {
    return native.load(kind, tag, what, exported);
  } catch (cause) {
    const shown = kind === MEMORY ? '' : ` '${[].concat(what).join("', '")}'`;
    const loader = kind === CONFIGURATION ? '' : ` (loader '${tag}')`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const error = new Error(
      `MetaCall could not load from ${KINDS[kind]}${shown}${loader}: ${reason}`);
    Object.defineProperty(error, 'cause',
      { value: cause, writable: true, enumerable: false, configurable: true });
    if (cause && cause.code !== undefined) error.code = cause.code;
    throw error;
  }
}

function text(value, what) {
  if (typeof value !== 'string') throw new TypeError(`${what} must be a string`);
  return value;
}

function list(paths) {
  if (typeof paths === 'string') return [paths];
  if (!Array.isArray(paths) || !paths.every((item) => typeof item === 'string')) {
    throw new TypeError('paths must be an array of strings');
  }
  return paths;
}

// Calls the function of that name, whatever language it is written in.
function metacall(name, ...args) {
  return native.call(text(name, 'name'), ...args);
}

// The same as a Promise: a failure rejects it.
async function metacall_await(name, ...args) {
  return native.call(text(name, 'name'), ...args);
}

// The same with { signal, timeout }: whoever waits can give up, and the callee is asked to.
metacall_await.with = async function metacall_await_with(options, name, ...args) {
  if (options === null || typeof options !== 'object') {
    throw new TypeError('options must be an object');
  }
  return native.shared().awaitWith(options, text(name, 'name'), () => native.call(name, ...args));
};

// A context manager of another language around body(value), which may be asynchronous.
function using(manager, body) {
  return native.shared().using(manager, body);
}

// In a function that another language has called, before its first await: the AbortSignal that is
// aborted when the caller cancels.
function abortSignal() {
  return native.shared().signal();
}

// Arguments as JSON text (or as a value): an object by parameter names, an array by position.
function metacallfms(func, args) {
  if (typeof func !== 'function') throw new TypeError('func must be a function');
  return native.callJson(func, typeof args === 'string' ? args : JSON.stringify(args));
}

function metacall_load_from_file(tag, paths) {
  return load(FILES, text(tag, 'tag'), list(paths), false);
}

function metacall_load_from_file_export(tag, paths) {
  return load(FILES, text(tag, 'tag'), list(paths), true);
}

function metacall_load_from_memory(tag, source) {
  return load(MEMORY, text(tag, 'tag'), text(source, 'source'), false);
}

function metacall_load_from_memory_export(tag, source) {
  return load(MEMORY, text(tag, 'tag'), text(source, 'source'), true);
}

function metacall_load_from_package(tag, name) {
  return load(PACKAGE, text(tag, 'tag'), text(name, 'name'), false);
}

function metacall_load_from_package_export(tag, name) {
  return load(PACKAGE, text(tag, 'tag'), text(name, 'name'), true);
}

function metacall_load_from_configuration(file) {
  return load(CONFIGURATION, '', text(file, 'file'), false);
}

function metacall_load_from_configuration_export(file) {
  return load(CONFIGURATION, '', text(file, 'file'), true);
}

function metacall_execution_path(tag, folder) {
  native.executionPath(text(tag, 'tag'), text(folder, 'folder'));
  return true;
}

// What is loaded, by tag; without what the host's C code registered.
function metacall_inspect() {
  const found = native.inspect();
  delete found.__metacall_host__;
  return found;
}

// What a loaded file defines: its functions by name.
function metacall_handle(tag, name) {
  return native.handle(text(tag, 'tag'), text(name, 'name'));
}

// Code of one's own before and after every call of a function, whoever calls it. A hook gets the
// call: its function, name, args; its result or error, which it may set.
function intercept(func, hooks) {
  const { before = null, after = null } = Object(hooks);
  if (typeof before !== 'function' && typeof after !== 'function') {
    throw new TypeError('hooks must have a function before or after');
  }
  return native.intercept(func, before, after);
}

// From now on the library says on standard error what it does.
function metacall_logs() {
  native.log();
}

// ------------------------------------------------------------------ require() of other languages

// What is Node's own, and never asked about.
const schemes = new Set(['node', 'data', 'file', 'http', 'https', 'blob', 'npm', 'wasm']);
const endings = new Set(['', '.js', '.mjs', '.cjs', '.json', '.node', '.wasm', '.ts', '.mts',
  '.cts']);

function endingOf(file) {
  const at = file.lastIndexOf('.');
  return at > file.lastIndexOf('/') + 1 ? file.slice(at) : '';
}

// A file whose ending Node does not know, but a loader does: require('./x.py').
const { load: loadModule } = Module.prototype;
Module.prototype.load = function (filename) {
  const ending = endingOf(filename);
  if (ending !== '' && !(ending in Module._extensions)) {
    const tag = native.tagOf(filename);
    if (tag !== null && tag !== 'node') {
      Module._extensions[ending] = (module, file) => {
        module.exports = metacall_load_from_file_export(tag, [file]);
      };
    }
  }
  return Reflect.apply(loadModule, this, [filename]);
};

// The scheme of 'py:html', '' where there is none of another language's.
function schemeOf(request) {
  const at = typeof request === 'string' ? request.indexOf(':') : -1;
  const scheme = at > 1 ? request.slice(0, at) : '';
  return scheme !== '' && !schemes.has(scheme) && /^[a-z][a-z0-9_-]*$/.test(scheme) ? scheme : '';
}

// A package of another language: require('py:html').
const { _load } = Module;
const packages = new Map();
Module._load = function (request, ...rest) {
  const scheme = schemeOf(request);
  if (scheme !== '') {
    const tag = native.tagOf(scheme);
    if (tag !== null && tag !== 'node') {
      const key = `${tag}:${request.slice(scheme.length + 1)}`;
      if (!packages.has(key)) {
        packages.set(key,
          metacall_load_from_package_export(tag, request.slice(scheme.length + 1)));
      }
      return packages.get(key);
    }
  }
  return Reflect.apply(_load, this, [request, ...rest]);
};

// import of the same, where Node has hooks in the thread itself; elsewhere there is register.js.
const modules = new Set(); // of Node's own, by URL: functions are looked for in them too
if (typeof Module.registerHooks === 'function') {
  Module.registerHooks({
    load(url, context, next) {
      const foreign = url.startsWith('file:') ? !endings.has(endingOf(url.replace(/[?#].*/, '')))
        : schemeOf(url) !== '';
      if (foreign && !(context.conditions || []).includes('require')) {
        return require('./register.js').load(url, context, next);
      }
      const loaded = next(url, context);
      if (loaded.format === 'module' && url.startsWith('file:')) modules.add(url);
      return loaded;
    },
  });
}

module.exports = {
  metacall,
  metacall_await,
  metacallfms,
  metacall_load_from_file,
  metacall_load_from_file_export,
  metacall_load_from_memory,
  metacall_load_from_memory_export,
  metacall_load_from_package,
  metacall_load_from_package_export,
  metacall_load_from_configuration,
  metacall_load_from_configuration_export,
  metacall_execution_path,
  metacall_inspect,
  metacall_handle,
  metacall_logs,
  intercept,
  using,
  abortSignal,
  // The class of an error that was thrown in another language.
  get ForeignError() { return native.foreignError(); },
  // The class of what stands for objects of other languages.
  get ForeignObject() { return native.shared().ForeignObject; },
  // For register.js, and for the loader.
  [Symbol.for('metacall.register')]: { schemes, endings, modules },
};
