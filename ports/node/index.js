// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// require('metacall'): loads functions of other languages into this process, and calls them.
// A program that only requires us pays for this file alone, and V8 has to read and run all of it:
// so here is little more than the names. The work is in native.js, which comes with the first call.

// Some test runners have modules of their own kind.
const Module = typeof module.constructor._load === 'function' ? module.constructor
  : require('module');

let half = null;
const native = () => half ||= require('./native.js');
let call = (...args) => (call = native().call)(...args); // the library's own, once it is there

function text(name) {
  if (typeof name !== 'string') throw new TypeError('name must be a string');
  return name;
}

// Calls the function of that name, whatever language it is written in.
function metacall(name, ...args) { return call(text(name), ...args); }

// The same as a Promise: a failure rejects it.
async function metacall_await(name, ...args) { return call(text(name), ...args); }

// The same with { signal, timeout }: whoever waits can give up, and the callee is asked to.
metacall_await.with = async function metacall_await_with(options, name, ...args) {
  return native().awaitWith(options, name, args);
};

// Arguments as JSON text (or as a value): an object by parameter names, an array by position.
function metacallfms(func, args) { return native().callJson(func, args); }

function metacall_load_from_file(tag, paths) { return native().loadFiles(tag, paths, false); }
function metacall_load_from_file_export(tag, paths) { return native().loadFiles(tag, paths, true); }
function metacall_load_from_memory(tag, source) { return native().loadText(tag, source, false); }
function metacall_load_from_memory_export(tag, source) {
  return native().loadText(tag, source, true);
}
function metacall_load_from_package(tag, name) { return native().loadPackage(tag, name, false); }
function metacall_load_from_package_export(tag, name) {
  return native().loadPackage(tag, name, true);
}
function metacall_load_from_configuration(file) { return native().loadConfiguration(file, false); }
function metacall_load_from_configuration_export(file) {
  return native().loadConfiguration(file, true);
}
function metacall_execution_path(tag, folder) { return native().executionPath(tag, folder); }

// What is loaded, by tag; without what the host's C code registered.
function metacall_inspect() { return native().inspect(); }

// What a loaded file defines: its functions by name.
function metacall_handle(tag, name) { return native().handle(tag, name); }

// From now on the library says on standard error what it does.
function metacall_logs() { native().log(); }

// Code of one's own before and after every call of a function, whoever calls it. A hook gets the
// call: its function, name, args; its result or error, which it may set.
function intercept(func, hooks) { return native().intercept(func, hooks); }

// A context manager of another language around body(value), which may be asynchronous.
function using(manager, body) { return native().using(manager, body); }

// In a function that another language has called, before its first await: the AbortSignal that is
// aborted when the caller cancels.
function abortSignal() { return native().abortSignal(); }

// ------------------------------------------------------------------ require() of other languages

// A file whose ending Node does not know, but a loader may: require('./x.py').
const { load } = Module.prototype;
Module.prototype.load = function (filename) {
  if (!(filename.slice(filename.lastIndexOf('.')) in Module._extensions)) {
    native().learn(Module, filename);
  }
  return Reflect.apply(load, this, [filename]);
};

// A package of another language: require('py:html').
const { _load } = Module;
Module._load = function (request, ...rest) {
  const found = typeof request === 'string' && request.indexOf(':') > 1 &&
    !request.startsWith('node:') ? native().packageOf(request) : null;
  return found === null ? Reflect.apply(_load, this, [request, ...rest]) : found.exports;
};

// import of the same, where Node has hooks in the thread itself; elsewhere there is register.js.
const modules = new Set(); // of Node's own, by URL: functions are looked for in them too
if (typeof Module.registerHooks === 'function') {
  Module.registerHooks({
    load(url, context, next) {
      if (!/^(?:node:|file:[^?#]*\.[cm]?js$)/.test(url) && native().isForeign(url, context)) {
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
  get ForeignError() { return native().ForeignError; },
  // The class of what stands for objects of other languages.
  get ForeignObject() { return native().ForeignObject; },
  [Symbol.for('metacall.register')]: { modules }, // for the loader
};
