// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// import of other languages' files and packages, by each way to register the hooks that this Node
// has. Each program is a process of its own.
const assert = require('assert');
const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const { pathToFileURL } = require('url');
const test = require('./suite.js');

const Module = require('module');
const port = path.dirname(require.resolve('metacall'));
const [major, minor] = process.versions.node.split('.').map(Number);
const register = path.join(port, 'register.js');
const inThread = typeof Module.registerHooks === 'function';
const anyHooks = inThread || typeof Module.register === 'function';

// The ways of the command line.
const ways = anyHooks
  ? { import: ['--import', pathToFileURL(register).href], require: ['--require', register] }
  : { loader: ['--no-warnings', '--experimental-loader', path.join(port, 'register-hooks.mjs'),
    '--require', register] };

const files = {
  'calc.py': 'loads = []\nloads.append(1)\ndef add(a, b):\n    return a + b\n' +
    'async def later(a):\n    return a\ndef count():\n    return len(loads)\n' +
    'def made(name):\n    def inner():\n        return name\n    return inner\n' +
    'class Point:\n    def __init__(self, x):\n        self.x = x\n' +
    'by_another_name = made("found")\n',
  'broken.py': 'def f(:\n',
  'raises.py': 'raise KeyError("at load")\n',
  'data.json': '{"a": 1}',
  'own.mjs': 'export const own = 5;\n',
  'static.mjs': "import calc, { add } from './calc.py';\nimport { own } from './own.mjs';\n" +
    "console.log(add(1, 2), calc.add(3, 4), own, calc.count());\n",
  'dynamic.mjs': "const { default: calc, add } = await import('./calc.py');\n" +
    "console.log(add(1, 2), calc.add === add);\n" +
    "console.log((await import('./calc.py')).add === add);\n" +
    "console.log((await import('./calc.py?again')).add !== add, calc.count());\n",
  'names.mjs': "import * as all from './calc.py';\nconsole.log(Object.keys(all).join());\n",
  'bare.mjs': "import metacall, { metacall_load_from_file_export as load } from 'metacall';\n" +
    "console.log(typeof metacall.metacall, load('py', ['calc.py']).add(2, 3));\n",
  'both.mjs': "import { createRequire } from 'module';\nimport { add } from './calc.py';\n" +
    "const required = createRequire(import.meta.url)('./calc.py');\n" +
    "console.log(required.add === add, required.count());\n",
  'package.mjs': "import html from 'py:html';\nconsole.log(html.escape('<a>'));\n",
  'broken.mjs': "import './broken.py';\n",
  'raises.mjs': "import './raises.py';\n",
  'missing.mjs': "import './no_such_file.py';\n",
  'unknown.mjs': "import './data.unknown';\n",
  'data.unknown': 'nobody reads this\n',
  'schemes.mjs': "import fs from 'node:fs';\n" +
    "import d from 'data:text/javascript,export default 7';\n" +
    "console.log(typeof fs.readFileSync, d);\n" +
    "try { await import('nosuchscheme:x'); } catch (e) { console.log(e.code); }\n" +
    "try { await import('node:nosuchmodule'); } catch (e) { console.log(e.code); }\n",
  'plain.cjs': "const { add } = require('./calc.py');\n" +
    "import('./calc.py').then((m) => console.log(add(1, 2), m.add === add));\n",
  'later.mjs': `import ${JSON.stringify(pathToFileURL(register).href)};\n` +
    "console.log((await import('./calc.py')).add(4, 5));\n",
  'only.cjs': "require('metacall');\nimport('./calc.py').then((m) => console.log(m.add(5, 5)));\n",
};
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'metacall-'));
for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(folder, name), text);
process.on('exit', () => fs.rmSync(folder, { recursive: true }));

function run(...args) {
  const ran = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: 60000 });
  return { ...ran, all: `${ran.stdout}\n${ran.stderr}` };
}

for (const [way, args] of Object.entries(ways)) {
  const says = (file, expected) => {
    const { stdout, stderr, status } = run(...args, file);
    assert.deepStrictEqual([stdout, status], [expected, 0], stderr);
    if (anyHooks) assert.strictEqual(stderr, '');
  };
  const fails = (file, ...patterns) => {
    const { all, status } = run(...args, file);
    assert.strictEqual(status, 1);
    for (const pattern of patterns) assert.match(all, pattern);
  };

  test(`${way}: static import, beside modules of Node's`, () => says('static.mjs', '3 7 5 1\n'));

  test(`${way}: dynamic import; loaded once, and anew for another URL`, () =>
    says('dynamic.mjs', '3 true\ntrue\ntrue 1\n'));

  test(`${way}: import and require() give the same`, () => {
    says('both.mjs', 'true 1\n');
    says('plain.cjs', '3 true\n');
  });

  test(`${way}: the names`, () => {
    const { stdout } = run(...args, 'names.mjs');
    const names = stdout.trim().split(',');
    for (const name of ['add', 'count', 'default', 'later', 'made']) assert(names.includes(name));
    if (anyHooks) assert(names.includes('by_another_name')); // asked for, not read in the source
  });

  test(`${way}: import 'metacall' by name`, () => says('bare.mjs', 'function 5\n'));

  test(`${way}: a package`, () => says('package.mjs', '&lt;a&gt;\n'));

  test(`${way}: errors name the path and the cause`, () => {
    fails('broken.mjs', /could not load from file '.*broken\.py'/, /SyntaxError/);
    fails('raises.mjs', /could not load from file '.*raises\.py'/, /KeyError/, /at load/);
    fails('missing.mjs', /no_such_file\.py/);
    fails('unknown.mjs', /ERR_UNKNOWN_FILE_EXTENSION|Unknown file extension/);
  });

  test(`${way}: every other scheme stays Node's`, () => {
    const { stdout, stderr } = run(...args, 'schemes.mjs');
    const lines = stdout.trim().split('\n');
    assert.strictEqual(lines[0], 'function 7', stderr);
    assert.match(lines[1], /^ERR_UNSUPPORTED_ESM_URL_SCHEME|^ERR_UNKNOWN_MODULE_FORMAT/);
    assert.match(lines[2], /^ERR_UNKNOWN_BUILTIN_MODULE/);
  });
}

if (anyHooks) {
  test('import of metacall/register by the program itself', () => {
    const { stdout, stderr } = run('later.mjs');
    assert.deepStrictEqual([stdout, stderr], ['9\n', '']);
  });
}

if (inThread) {
  test("require('metacall') is enough for what is imported later", () => {
    const { stdout, stderr } = run('only.cjs');
    assert.deepStrictEqual([stdout, stderr], ['10\n', '']);
  });
}

test('the hooks that this Node has', () => {
  assert.strictEqual(inThread,
    major > 22 ? major > 23 || minor >= 5 : major === 22 && minor >= 15);
  assert.strictEqual(anyHooks, major >= 18);
});
