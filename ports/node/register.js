// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// node --require metacall/register, or --import metacall/register: import of other languages' files
// (import { f } from './x.py'). Synchronous hooks where Node has them, else a thread of hooks.

const Module = require('module');
const { fileURLToPath, pathToFileURL } = require('url');
const path = require('path');

const metacall = require('./index.js');
const native = require('./metacall.node');

const KEY = Symbol.for('metacall.register');
const NODES_OWN = new Set(['', '.js', '.mjs', '.cjs', '.json', '.node', '.wasm', '.ts', '.mts',
  '.cts']);

globalThis[KEY] = (tag, file) => metacall.metacall_load_from_file_export(tag, [file]);

// The module that stands for a file: the names it has, and all of it as the default.
function sourceOf(tag, file, names) {
  const plain = names.filter((name) => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default');
  return `const m = globalThis[Symbol.for('metacall.register')](${JSON.stringify(tag)}, ` +
    `${JSON.stringify(file)});\nexport default m;\n` +
    plain.map((name) => `const ${name}_ = m[${JSON.stringify(name)}];\n` +
      `export { ${name}_ as ${name} };\n`).join('');
}

function tagOf(url) {
  if (!url.startsWith('file:')) return null;
  const file = fileURLToPath(url);
  if (NODES_OWN.has(path.extname(file))) return null;
  const tag = native.tagOf(file);
  return tag === 'node' ? null : tag;
}

if (typeof Module.registerHooks === 'function') {
  Module.registerHooks({
    load(url, context, nextLoad) {
      const required = (context.conditions || []).includes('require');
      const tag = required ? null : tagOf(url);
      if (tag === null) return nextLoad(url, context);
      const file = fileURLToPath(url);
      const names = Object.keys(metacall.metacall_load_from_file_export(tag, [file]));
      return { format: 'module', shortCircuit: true, source: sourceOf(tag, file, names) };
    },
  });
} else if (typeof Module.register === 'function') {
  Module.register('./register-hooks.mjs', pathToFileURL(__filename));
}
