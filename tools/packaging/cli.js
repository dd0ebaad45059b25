#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// metacall SCRIPT [ARGUMENT...]: runs a script of any language in this Node. A script of Node's own
// runs as the main program; one of another language is loaded into this process.

const path = require('path');
const Module = require('module');

const USAGE = 'usage: metacall SCRIPT [ARGUMENT...]';
const [script] = process.argv.splice(2, 1);

if (script === undefined || script === '-h' || script === '--help') {
  (script === undefined ? process.stderr : process.stdout).write(`${USAGE}\n`);
  process.exitCode = script === undefined ? 2 : 0;
} else if (script === '--version') {
  process.stdout.write(`metacall ${require('./package.json').version}\n`);
} else {
  const file = path.resolve(script);
  process.argv[1] = file;
  require('./register.js');
  if (/\.([cm]?[jt]s|json|node|wasm)$/.test(file) || path.extname(file) === '') {
    Module.runMain(file);
  } else {
    require(file);
  }
}
