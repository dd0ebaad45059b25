// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// import of other languages: import { f } from './x.py', await import('py:html'). Asked for with
// --import metacall/register, --require metacall/register or import 'metacall/register'. Where Node
// has hooks in the thread itself (22.15, 23.5 and newer), require('metacall') alone is enough for
// what is imported later. Elsewhere hooks run in a thread of their own and ask this one for the
// names.

const Module = require('module');
const { fileURLToPath, pathToFileURL } = require('url');
const path = require('path');

const metacall = require('./index.js');
const { schemes, endings } = require('./native.js');
const native = require('./metacall.node');

const fresh = new Map(); // by URL: what is no module of require()'s

// What a URL stands for; loaded once, and for require() and import alike.
function moduleOf(tag, url) {
  if (!url.startsWith('file:')) return require(url);
  const file = fileURLToPath(url);
  if (!/[?#]/.test(url)) return require(file);
  if (!fresh.has(url)) fresh.set(url, metacall.metacall_load_from_file_export(tag, [file]));
  return fresh.get(url);
}
globalThis[Symbol.for('metacall.register')] = moduleOf;

// The module that stands for it: the names it has, and all of it as the default.
function sourceOf(tag, url, names) {
  const plain = [...names]
    .filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default');
  return `const m = globalThis[Symbol.for('metacall.register')](${JSON.stringify(tag)}, ` +
    `${JSON.stringify(url)});\nexport default m;\n` +
    plain.map((name) => `const ${name}_ = m[${JSON.stringify(name)}];\n` +
      `export { ${name}_ as ${name} };\n`).join('');
}

// The loader of a URL, null where it is Node's own.
function tagOf(url) {
  const scheme = /^([a-z][a-z0-9_-]+):/.exec(url);
  let asked = null;
  if (scheme === null) return null;
  if (scheme[1] !== 'file') {
    if (!schemes.has(scheme[1])) [, asked] = scheme;
  } else {
    const file = fileURLToPath(url);
    if (!endings.has(path.extname(file))) asked = file;
  }
  const tag = asked === null ? null : native.tagOf(asked);
  return tag === 'node' ? null : tag;
}

// Hooks in this thread; `context.conditions` tells an import from a require().
function resolve(specifier, context, next) {
  const own = specifier === 'metacall' || specifier.startsWith('metacall/');
  if (!own && tagOf(specifier) !== null) {
    return { url: specifier, format: 'module', shortCircuit: true };
  }
  try {
    return next(specifier, context);
  } catch (error) {
    if (!own || error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return { url: ownUrl(specifier), shortCircuit: true };
  }
}

// import 'metacall' where no node_modules has it: ES modules are not looked for in NODE_PATH.
function ownUrl(specifier) {
  const file = specifier === 'metacall' ? 'index.mjs' : specifier.slice('metacall/'.length);
  return pathToFileURL(path.join(__dirname, file)).href;
}

function load(url, context, next) {
  const tag = tagOf(url);
  if (tag === null) return next(url, context);
  return { format: 'module', shortCircuit: true,
    source: sourceOf(tag, url, Object.keys(moduleOf(tag, url))) };
}

// Hooks in another thread: they ask by `port`, and have the answer before they go on.
function answer(port) {
  port.on('message', ({ id, tag, url }) => {
    try {
      port.postMessage({ id, source: sourceOf(tag, url, Object.keys(moduleOf(tag, url))) });
    } catch {
      port.postMessage({ id, source: sourceOf(tag, url, []) }); // evaluation says what is wrong
    }
  });
  port.unref();
}

if (typeof Module.registerHooks === 'function') {
  Module.registerHooks({ resolve }); // index.js has installed `load`
} else if (typeof Module.register === 'function' && require('worker_threads').isMainThread) {
  const { port1, port2 } = new (require('worker_threads').MessageChannel)();
  answer(port1);
  Module.register('./register-hooks.mjs', pathToFileURL(__filename), {
    data: { port: port2, schemes: [...schemes], endings: [...endings] },
    transferList: [port2],
  });
}

module.exports = { resolve, load };
