// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// What index.js has names for: checks what is asked, and asks the library, which is opened with the
// first question that it has to answer. Node's modules that are not there yet do not come for us.

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

function awaitWith(options, name, args) {
  if (options === null || typeof options !== 'object') {
    throw new TypeError('options must be an object');
  }
  return native.shared().awaitWith(options, text(name, 'name'), () => native.call(name, ...args));
}

function callJson(func, args) {
  if (typeof func !== 'function') throw new TypeError('func must be a function');
  return native.callJson(func, typeof args === 'string' ? args : JSON.stringify(args));
}

function loadFiles(tag, paths, exported) {
  return load(FILES, text(tag, 'tag'), list(paths), exported);
}

function loadText(tag, source, exported) {
  return load(MEMORY, text(tag, 'tag'), text(source, 'source'), exported);
}

function loadPackage(tag, name, exported) {
  return load(PACKAGE, text(tag, 'tag'), text(name, 'name'), exported);
}

function loadConfiguration(file, exported) {
  return load(CONFIGURATION, '', text(file, 'file'), exported);
}

function executionPath(tag, folder) {
  native.executionPath(text(tag, 'tag'), text(folder, 'folder'));
  return true;
}

function inspect() {
  const found = native.inspect();
  delete found.__metacall_host__;
  return found;
}

function intercept(func, hooks) {
  const { before = null, after = null } = Object(hooks);
  if (typeof before !== 'function' && typeof after !== 'function') {
    throw new TypeError('hooks must have a function before or after');
  }
  return native.intercept(func, before, after);
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

// The loader of an ending or a scheme, null where it is Node's own or nobody's.
function tagOf(what) {
  const tag = native.tagOf(what);
  return tag === 'node' ? null : tag;
}

// From now on Node knows the ending of that file, if a loader does.
function learn({ _extensions }, filename) {
  const ending = endingOf(filename);
  const tag = ending === '' || ending in _extensions ? null : tagOf(filename);
  if (tag === null) return;
  _extensions[ending] = (module, file) => {
    module.exports = loadFiles(tag, [file], true);
  };
}

// The scheme of 'py:html', '' where there is none of another language's.
function schemeOf(request) {
  const at = request.indexOf(':');
  const scheme = at > 1 ? request.slice(0, at) : '';
  return scheme !== '' && !schemes.has(scheme) && /^[a-z][a-z0-9_-]*$/.test(scheme) ? scheme : '';
}

// What 'py:html' stands for as { exports }, null where it is no package of another language.
const packages = new Map();
function packageOf(request) {
  const scheme = schemeOf(request);
  const tag = scheme === '' ? null : tagOf(scheme);
  if (tag === null) return null;
  const name = request.slice(scheme.length + 1);
  const key = `${tag}:${name}`;
  if (!packages.has(key)) packages.set(key, { exports: loadPackage(tag, name, true) });
  return packages.get(key);
}

// Whether an import, not a require(), may be one of another language.
function isForeign(url, context) {
  const foreign = url.startsWith('file:') ? !endings.has(endingOf(url.replace(/[?#].*/, '')))
    : schemeOf(url) !== '';
  return foreign && !(context.conditions || []).includes('require');
}

module.exports = {
  // What bootstrap/ has made of it: index.js keeps the first one that it gets.
  get call() { return native.shared() && native.call; },
  awaitWith,
  callJson,
  loadFiles,
  loadText,
  loadPackage,
  loadConfiguration,
  executionPath,
  inspect,
  intercept,
  handle: (tag, name) => native.handle(text(tag, 'tag'), text(name, 'name')),
  log: () => native.log(),
  using: (manager, body) => native.shared().using(manager, body),
  abortSignal: () => native.shared().signal(),
  get ForeignError() { return native.foreignError(); },
  get ForeignObject() { return native.shared().ForeignObject; },
  learn,
  packageOf,
  isForeign,
  schemes,
  endings,
};
