// SPDX-License-Identifier: Apache-2.0
// in_node.js FOLDER CASE: the strategies inside this Node.
'use strict';
const assert = require('assert');
const path = require('path');
const { spawnSync } = require('child_process');
const fs = require('fs');

const [folder, which] = process.argv.slice(2);
const real = require(path.join(folder, 'st_real.node'));
const soname = fs.readdirSync(process.env.STRATEGIES_LIBNODE_FOLDER)
  .find((name) => /^libnode\.so\.\d+$/.test(name));

// Where this Node has its runtime: a library of its own, or its executable.
const own = (/(\/\S*\/libnode\.so\.\d+)$/m.exec(fs.readFileSync('/proc/self/maps', 'utf8')) || [])[1];
const same = own !== undefined && path.basename(own) === soname;

function works(result, how) {
  assert.strictEqual(result.opened, 1, result.message);
  assert.strictEqual(result.message, how);
  assert.strictEqual(result.owners, 1);
  assert.strictEqual(result.running, 1);
  assert.strictEqual(fs.realpathSync(result.owner), fs.realpathSync(own || process.execPath));
  assert.strictEqual(result.answer, 42);
  assert.strictEqual(result.major, Number(process.versions.node.split('.')[0]));
  assert.strictEqual(result.mapped, own ? 1 : 0, 'another libnode is mapped');
}

switch (which) {
  case 'host':
    works(real.open('host-unresolved', path.join(folder, 'libpl_node_host.so')), 'plain');
    break;
  case 'interposed':
    works(real.open('interposed', path.join(folder, 'libpl_node.so'), soname),
      same ? 'same-soname' : 'shim-global');
    break;
  case 'deep': {
    if (same) {
      console.error('SKIP: this Node has the very libnode that the plugin was built for');
      process.exit(77);
    }
    const result = real.open('interposed', path.join(folder, 'libpl_node_deep.so'), soname);
    assert.strictEqual(result.opened, 0);
    assert.match(result.message, /bind\.incomplete.*GoneInAnotherVersion/);
    assert.strictEqual(result.mapped, own ? 1 : 0);
    break;
  }
  case 'plain': {
    // What the shim is for: a plain dlopen of the same file maps libnode into this Node. Its
    // constructors then run on this Node's objects, and the process may die of it.
    const code = `try { process.dlopen({ exports: {} }, ${JSON.stringify(path.join(folder,
      'libpl_node.so'))}); } catch {} console.log(/libnode\\.so/.test(
      require('fs').readFileSync('/proc/self/maps', 'utf8')))`;
    const child = spawnSync(process.execPath, ['-e', code], {
      encoding: 'utf8',
      env: { ...process.env, LD_LIBRARY_PATH: process.env.STRATEGIES_LIBNODE_FOLDER },
    });
    assert.ok(child.signal || child.stdout === 'true\n', 'a plain dlopen mapped no second copy');
    console.log(`plain dlopen: status ${child.status}, signal ${child.signal}`);
    break;
  }
  default:
    process.exit(2);
}
