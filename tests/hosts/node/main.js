// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// What the program of this process defines is found by name, whichever way it was started: a
// CommonJS or an ES file, -e, standard input, the REPL; then what it has loaded.
const assert = require('assert');
const { spawnSync } = require('child_process');
const fs = require('fs');
const os = require('os');
const path = require('path');
const test = require('./suite.js');

const port = path.dirname(require.resolve('metacall'));
const [major, minor] = process.versions.node.split('.').map(Number);
const seesImports = typeof require('module').registerHooks === 'function';
const callsPython = `
  const py = metacall.metacall_load_from_memory_export('py',
    'import metacall\\ndef ask(name, value):\\n    return metacall.metacall(name, value)\\n');
  const show = (name) => { try { console.log(py.ask(name, 20)); } catch (e) {
    console.log(/no function/.test(e.message) ? 'none' : e); } };`;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'metacall-'));
process.on('exit', () => fs.rmSync(folder, { recursive: true }));
function write(name, text) {
  fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
  fs.writeFileSync(path.join(folder, name), text);
  return name;
}

function run(args, input) {
  const ran = spawnSync(process.execPath, args,
    { cwd: folder, encoding: 'utf8', input: input || '', timeout: 60000 });
  assert.strictEqual(ran.status, 0, ran.stdout + ran.stderr);
  return ran;
}
const outputOf = (args, input) => {
  const ran = run(args, input);
  assert.strictEqual(ran.stderr, '');
  return ran.stdout;
};

test('a CommonJS file', () => {
  write('main.cjs', `const metacall = require('metacall');${callsPython}
    exports.twice = (a) => a * 2; show('twice'); show('later');
    exports.later = (a) => a + 1; show('later'); delete exports.later; show('later');`);
  assert.strictEqual(outputOf(['main.cjs']), '40\nnone\n21\nnone\n');
});

test('a CommonJS file that is a function', () => {
  write('whole.js', `const metacall = require('metacall');${callsPython}
    module.exports = function whole(a) { return a + 2; }; show('whole');`);
  assert.strictEqual(outputOf(['whole.js']), '22\n');
});

test('an ES file, once it has been evaluated', () => {
  write('main.mjs', `import { createRequire } from 'module';
    const metacall = createRequire(${JSON.stringify(port)} + '/x.js')('./index.js');${callsPython}
    export function twice(a) { return a * 2; }
    export const later = (a) => a + 1;
    const both = () => { show('twice'); show('later'); };
    setTimeout(() => { show('twice'); setTimeout(both, 20); }, 1);`);
  const out = outputOf(['main.mjs']);
  // Where require() takes no ES modules, the first question only brings it.
  assert.match(out, major > 22 || (major === 22 && minor >= 12) ? /^40\n40\n21\n$/
    : /^(40|none)\n40\n21\n$/);
});

test('-e, standard input', () => {
  const text = `const metacall = require('metacall');${callsPython}
    function given(a) { return a - 1; } var variable = (a) => a - 2;
    show('given'); show('variable'); show('setTimeout');`;
  assert.strictEqual(outputOf(['-e', text]), '19\n18\nnone\n');
  assert.strictEqual(outputOf([], text), '19\n18\nnone\n');
  assert.strictEqual(outputOf(['-'], text), '19\n18\nnone\n');
});

test('the REPL', () => {
  const { stdout } = run(['-i'], 'const metacall = require("metacall")\n' +
    'function given(a) { return a - 3 }\nmetacall.metacall("given", 20)\n.exit\n');
  assert.match(stdout, /\b17\n/);
});

test('what require.cache holds: own files before packages', () => {
  write('helper.js', 'exports.helper = (a) => a + 3; exports.both = () => "own";' +
    'const get = () => { throw new Error("no"); };' +
    'Object.defineProperty(exports, "trap", { enumerable: true, get });');
  write('node_modules/dep/index.js', 'exports.inDep = (a) => a + 4; exports.both = () => "dep";');
  write('loads.js', `const metacall = require('metacall');${callsPython}
    show('helper'); require('dep'); require('./helper.js');
    show('helper'); show('inDep'); show('both'); show('trap'); show('metacall_inspect');`);
  assert.strictEqual(outputOf(['loads.js']), 'none\n23\n24\nown\nnone\nnone\n');
});

test('ES modules that the hook has seen', () => {
  if (!seesImports) return;
  write('lib.mjs', 'export const inModule = (a) => a + 5; export let never;');
  write('imports.cjs', `const metacall = require('metacall');${callsPython}
    import('./lib.mjs').then(() => { show('inModule'); show('never'); });`);
  assert.strictEqual(outputOf(['imports.cjs']), '25\nnone\n');
});
