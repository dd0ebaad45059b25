// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Comes first in the workers of an embedded Node: require('metacall') finds the port, which lies
// beside libmetacall and not in a folder that Node knows.

const Module = module.constructor;
const folder = __dirname.slice(0, __dirname.lastIndexOf('/'));
const { _resolveLookupPaths } = Module;

Module._resolveLookupPaths = function (request, parent) {
  const paths = Reflect.apply(_resolveLookupPaths, this, [request, parent]);
  return paths === null || /^\.{1,2}(\/|$)/.test(request) ? paths : paths.concat(folder);
};
