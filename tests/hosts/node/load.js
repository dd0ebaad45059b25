// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Attach and load: who is the host, what is mapped, the ways to load, require() of other languages.
const assert = require('assert');
const fs = require('fs');
const os = require('os');
const path = require('path');
const test = require('./suite.js');

const before = new Set(Object.keys(require.cache));
const metacall = require('metacall');
require('node:querystring'); // Node's own concerns nobody else
const read = Object.keys(require.cache).filter((file) => !before.has(file));
const fixture = (name) => path.join(__dirname, 'fixtures', name);
const images = (pattern) => [...new Set(fs.readFileSync('/proc/self/maps', 'utf8').split('\n')
  .map((line) => line.split(/\s+/)[5]).filter((file) => file && pattern.test(file)))];

test('nothing is mapped by require alone, and no guest by the first question', () => {
  assert.deepStrictEqual(read, [require.resolve('metacall')]);
  assert.deepStrictEqual(images(/libpython|libmetacall|node_loader/), []);
  assert.throws(() => metacall.metacall('no_such_function'), /no_such_function/);
  assert.deepStrictEqual(images(/libpython/), []);
  assert.strictEqual(images(/node_loader_host\.so/).length, 1);
  assert.deepStrictEqual(images(/libnode_loader\.so/), []);
});

test('node scripts load into this V8: functions are themselves', () => {
  const loaded = metacall.metacall_load_from_file_export('node', [fixture('functions.js')]);
  assert.strictEqual(loaded, require('./fixtures/functions.js'));
  loaded.js_state.counter++;
  assert.strictEqual(require('./fixtures/functions.js').js_state.counter, 1);
});

test('by name, without any conversion in one language', () => {
  metacall.metacall_load_from_file('node', [fixture('functions.js')]);
  assert.strictEqual(metacall.metacall('js_add', 3, 4), 7);
  const object = new Date();
  assert.strictEqual(metacall.metacall('js_echo', object), object);
  assert.strictEqual(metacall.metacall('js_this'), true);
});

test('python is a linked guest, one libpython, no libnode', () => {
  metacall.metacall_load_from_file('py', [fixture('functions.py')]);
  assert.strictEqual(metacall.metacall('add', 3, 4), 7);
  assert.strictEqual(images(/libpython3\.\d+\.so/).length, 1);
  const libnode = images(/libnode\.so/);
  assert(libnode.length === 0 || process.config.variables.node_shared, libnode.join());
});

test('require() of a Python file', () => {
  const required = require('./fixtures/functions.py');
  assert.strictEqual(required.add(1, 2), 3);
  assert.strictEqual(require('./fixtures/functions.py'), required);
});

test('require() of a Python package; the schemes of Node stay its own', () => {
  assert.strictEqual(require('py:html').escape('<b>'), '&lt;b&gt;');
  assert.strictEqual(require('node:path'), path);
  assert.throws(() => require('py:no_such_package_at_all'), /no_such_package_at_all/);
  assert.throws(() => require('nosuch:thing'), { code: 'MODULE_NOT_FOUND' });
});

test('from memory, with and without export', () => {
  const py = metacall.metacall_load_from_memory_export('py', 'def mem(a):\n    return a + 1\n');
  assert.strictEqual(py.mem(1), 2);
  const js = metacall.metacall_load_from_memory_export('node', 'exports.mem_js = (a) => a + 2;');
  assert.strictEqual(js.mem_js(1), 3);
  metacall.metacall_load_from_memory('node', 'exports.mem_named = () => require("os").EOL;');
  assert.strictEqual(metacall.metacall('mem_named'), os.EOL);
});

test('a package of Node, by name', () => {
  const loaded = metacall.metacall_load_from_package_export('node', 'path');
  assert.strictEqual(loaded.basename('/a/b'), 'b');
});

test('an execution path is searched', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'metacall-'));
  try {
    fs.writeFileSync(path.join(folder, 'searched.py'), 'def searched():\n    return "found"\n');
    fs.writeFileSync(path.join(folder, 'searched_js.js'), 'exports.s = () => "found too";');
    metacall.metacall_execution_path('py', folder);
    metacall.metacall_execution_path('node', folder);
    const py = metacall.metacall_load_from_file_export('py', ['searched.py']);
    assert.strictEqual(py.searched(), 'found');
    const js = metacall.metacall_load_from_file_export('node', ['searched_js.js']);
    assert.strictEqual(js.s(), 'found too');
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test('a deployment file', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'metacall-'));
  try {
    fs.writeFileSync(path.join(folder, 'dep.py'), 'def deployed():\n    return 5\n');
    fs.writeFileSync(path.join(folder, 'metacall.json'),
      JSON.stringify({ language_id: 'py', path: '.', scripts: ['dep.py'] }));
    const loaded = metacall.metacall_load_from_configuration_export(
      path.join(folder, 'metacall.json'));
    assert.strictEqual(loaded.deployed(), 5);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test('inspect and handle', () => {
  metacall.metacall_load_from_file_export('py', [fixture('functions.py')]);
  const found = metacall.metacall_inspect();
  assert(!('__metacall_host__' in found));
  assert(Array.isArray(found.py) && Array.isArray(found.node));
  const names = found.py.flatMap((handle) => handle.scope.funcs.map((f) => f.name));
  assert(names.includes('add'));
  const add = found.py.flatMap((handle) => handle.scope.funcs).find((f) => f.name === 'add');
  assert.deepStrictEqual(add.signature.args.map((arg) => arg.name), ['a', 'b']);
  const js = found.node.flatMap((handle) => handle.scope.funcs).find((f) => f.name === 'js_add');
  assert.deepStrictEqual(js.signature.args.map((arg) => arg.name), ['a', 'b']);
  assert.strictEqual(metacall.metacall_handle('py', 'functions').add(1, 1), 2);
  assert.throws(() => metacall.metacall_handle('py', 'no_such_handle'), Error);
});

test('an ES module is loaded, or refused with advice', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'metacall-'));
  try {
    fs.writeFileSync(path.join(folder, 'module.mjs'), 'export const esm = (a) => a * 2;');
    const load = () => metacall.metacall_load_from_file_export('node',
      [path.join(folder, 'module.mjs')]);
    const [major, minor] = process.versions.node.split('.').map(Number);
    if (major > 22 || (major === 22 && minor >= 12)) assert.strictEqual(load().esm(2), 4);
    else assert.throws(load, /ES module.*await import\(\)/);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
});

test('the names of the port, CommonJS and ES', async () => {
  const names = Object.keys(metacall).sort();
  const folder = path.dirname(require.resolve('metacall'));
  const es = await import(require('url').pathToFileURL(path.join(folder, 'index.mjs')).href);
  assert.deepStrictEqual(Object.keys(es).filter((name) => name !== 'default').sort(), names);
  assert.strictEqual(es.default, metacall);
  const types = fs.readFileSync(path.join(folder, 'index.d.ts'), 'utf8');
  for (const name of names) assert(types.includes(` ${name}`), name);
  assert(before.size > 0);
});
