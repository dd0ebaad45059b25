// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// The hooks of Node 18 and 20 run on a thread of their own. They ask the main one, by a port, for
// the module that stands for another language's file. In Node 16 (--experimental-loader
// metacall/register-hooks.mjs --require metacall/register) there is no port: then the names are
// those that the source defines at its left margin, and the default export has all of them.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const DEFINES = /^(?:async\s+)?(?:def|class|function)\s+([A-Za-z_$][\w$]*)/gm;
const PATIENCE = 5000; // ms; the main thread may be waiting for us in a synchronous call

const require = createRequire(import.meta.url);
const folder = dirname(fileURLToPath(import.meta.url));
const waiting = new Map();
let native = null;
let port = null;
let last = 0;
let { schemes, endings } = { schemes: new Set(['node', 'data', 'file', 'http', 'https', 'blob',
  'npm', 'wasm']), endings: new Set(['', '.js', '.mjs', '.cjs', '.json', '.node', '.wasm', '.ts',
  '.mts', '.cts']) };

export function initialize(data) {
  port = data.port;
  schemes = new Set(data.schemes);
  endings = new Set(data.endings);
  port.on('message', ({ id, source }) => waiting.get(id)?.(source));
  port.unref();
}

function tagOf(url) {
  const scheme = /^([a-z][a-z0-9_-]+):/.exec(url);
  if (scheme === null) return null;
  const file = scheme[1] === 'file' ? fileURLToPath(url) : null;
  if (file === null ? schemes.has(scheme[1]) : endings.has(extname(file))) return null;
  native ||= require('./metacall.node');
  const tag = native.tagOf(file === null ? scheme[1] : file);
  return tag === 'node' ? null : tag;
}

function ask(tag, url) {
  if (port === null) return null;
  const id = ++last;
  return new Promise((resolve) => {
    const late = setTimeout(resolve, PATIENCE, null);
    waiting.set(id, (source) => {
      clearTimeout(late);
      resolve(source);
    });
    port.postMessage({ id, tag, url });
  }).finally(() => waiting.delete(id));
}

async function scanned(tag, url) {
  const names = new Set();
  if (url.startsWith('file:')) {
    const text = await readFile(fileURLToPath(url), 'utf8');
    for (const [, name] of text.matchAll(DEFINES)) names.add(name);
  }
  names.delete('default');
  return `const m = globalThis[Symbol.for('metacall.register')](${JSON.stringify(tag)}, ` +
    `${JSON.stringify(url)});\nexport default m;\n` +
    [...names].map((name) => `const ${name}_ = m[${JSON.stringify(name)}];\n` +
      `export { ${name}_ as ${name} };\n`).join('');
}

export async function resolve(specifier, context, nextResolve) {
  const own = specifier === 'metacall' || specifier.startsWith('metacall/');
  if (!own && tagOf(specifier) !== null) {
    return { url: specifier, format: 'module', shortCircuit: true };
  }
  try {
    return await nextResolve(specifier, context);
  } catch (error) {
    if (!own || error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const file = specifier === 'metacall' ? 'index.mjs' : specifier.slice('metacall/'.length);
    return { url: pathToFileURL(join(folder, file)).href, shortCircuit: true };
  }
}

export async function load(url, context, nextLoad) {
  const tag = tagOf(url);
  if (tag === null) return nextLoad(url, context);
  return { format: 'module', shortCircuit: true,
    source: await ask(tag, url) ?? await scanned(tag, url) };
}
