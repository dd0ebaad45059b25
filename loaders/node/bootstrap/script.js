// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Loading: files of both module systems, texts, packages.
(function script(shared, require) {
  'use strict';

  const { options } = shared;
  const Module = require('module');
  const path = require('path');
  const { keys } = Object;

  const searched = [];
  const { existsSync, readFileSync, realpathSync, statSync } = require('fs');

  // Folders where require() looks last, for names that are no paths. Node takes those of NODE_PATH
  // once, at its start; Module.globalPaths is a copy that nothing reads. Until a folder is named,
  // nothing is changed.
  const folders = [];

  function addFolder(folder) {
    if (folders.push(folder) > 1) return;
    const lookupPaths = Module._resolveLookupPaths;
    Module._resolveLookupPaths = function _resolveLookupPaths(request, parent) {
      const paths = lookupPaths.call(this, request, parent);
      return paths === null || /^\.{1,2}(\/|$)/.test(request) ? paths : paths.concat(folders);
    };
  }

  function addPath(folder) {
    const absolute = path.resolve(folder);
    if (searched.includes(absolute)) return;
    searched.push(absolute);
    addFolder(absolute);
  }

  const isFile = (file) => existsSync(file) && !statSync(file).isDirectory();

  function locate(name) {
    const places = path.isAbsolute(name) ? [name]
      : [path.resolve(name), ...searched.map((folder) => path.resolve(folder, name))];
    for (const place of places) {
      for (const ending of ['', '.js', '.cjs', '.mjs']) {
        if (isFile(place + ending)) return place + ending;
      }
    }
    const error = new Error(`no such file: ${name} (looked at ${places.join(', ')})`);
    error.code = 'ERR_METACALL_NO_FILE'; // node_load.c knows it
    throw error;
  }

  // import() works in a module that was compiled by the module system alone: one for each folder
  // that names are looked up from. An embedded Node gets the hooks for other languages with it.
  const importers = new Map();
  function importFrom(folder, what) {
    if (importers.size === 0 && options.embedded && shared.port) {
      try {
        Module._load(path.join(shared.port, 'register.js'));
      } catch {
        // Without them import knows what Node itself does.
      }
    }
    if (!importers.has(folder)) {
      const module = new Module('metacall:import');
      module.paths = [];
      module._compile('module.exports = (what) => import(what)',
        path.join(folder, 'metacall-import.js'));
      importers.set(folder, module.exports);
    }
    return importers.get(folder)(what);
  }

  const importFile = (file) =>
    importFrom(process.cwd(), require('url').pathToFileURL(file).href);

  function isModule(file) {
    if (file.endsWith('.mjs')) return true;
    if (!file.endsWith('.js')) return false;
    for (let folder = path.dirname(file); ; folder = path.dirname(folder)) {
      const description = path.join(folder, 'package.json');
      if (isFile(description)) {
        try {
          return JSON.parse(readFileSync(description, 'utf8')).type === 'module';
        } catch {
          return false;
        }
      }
      if (path.basename(folder) === 'node_modules' || folder === path.dirname(folder)) return false;
    }
  }

  // Gives the exports, or a Promise of an ES module's namespace.
  function loadFile(name, main) {
    const file = locate(name);
    if (main) process.argv[1] = realpathSync(file);
    if (isModule(file)) {
      if (options.embedded) return importFile(file);
      const [major, minor] = process.versions.node.split('.').map(Number);
      if (major > 22 || (major === 22 && minor >= 12)) return Module._load(file, undefined, false);
      throw new Error(`${file} is an ES module, which Node ${process.version} cannot load now; ` +
        'use await import(), a CommonJS file, or Node 22.12 or newer');
    }
    return Module._load(file, undefined, main);
  }

  // [0] until the promise is settled; then [1, value] or [2, error].
  function watch(promise) {
    const box = [0, undefined];
    promise.then((value) => { box[1] = value; box[0] = 1; },
      (error) => { box[1] = error; box[0] = 2; });
    return box;
  }

  // What the compiler says of a text that is an ES module.
  const ES_SYNTAX = /import statement outside|token 'export'|'import\.meta' outside|await is only/;
  let memories = 0;
  function loadText(source, name) {
    const file = path.join(process.cwd(), name || `metacall-memory-${++memories}.js`);
    const module = new Module(file);
    module.filename = file;
    module.paths = Module._nodeModulePaths(path.dirname(file));
    try {
      module._compile(source, file);
    } catch (error) {
      if (!options.embedded || !(error instanceof SyntaxError) || !ES_SYNTAX.test(error.message)) {
        throw error;
      }
      return importFrom(path.dirname(file),
        `data:text/javascript;base64,${Buffer.from(source).toString('base64')}`);
    }
    module.loaded = true;
    shared.noteText(module);
    return module.exports;
  }

  const ES_PACKAGE = new Set(['ERR_REQUIRE_ESM', 'ERR_PACKAGE_PATH_NOT_EXPORTED',
    'ERR_REQUIRE_ASYNC_MODULE']);

  // A package is found as a script in the working directory would find it, or one in an execution
  // path.
  function loadPackage(name) {
    const [here, ...others] = [process.cwd(), ...searched].map((folder) =>
      Module.createRequire(path.join(folder, 'metacall.js')));
    const finds = (require) => {
      try {
        return require.resolve(name) !== undefined;
      } catch {
        return false;
      }
    };
    try {
      return (finds(here) ? here : others.find(finds) || here)(name);
    } catch (error) {
      // A package of ES modules alone: import() finds it, and another thing may be its entry.
      if (!options.embedded || !ES_PACKAGE.has(error.code)) throw error;
      return importFrom(process.cwd(), name);
    }
  }

  function forget(name) {
    try {
      delete require('module')._cache[locate(name)];
    } catch {
      // A file that is gone has nothing to be forgotten.
    }
  }

  // [name, function, ...] of what a module exports.
  function functionsOf(exported, name) {
    const found = [];
    if (typeof exported === 'function') {
      found.push(exported.name || path.parse(name || 'exports').name, exported);
    }
    if (exported !== null && (typeof exported === 'object' || typeof exported === 'function')) {
      for (const key of keys(exported)) {
        const value = exported[key];
        if (typeof value === 'function') found.push(key, value);
      }
    }
    return found;
  }

  return {
    addFolder, isFile, isModule, importFrom, addPath, loadFile, loadText, loadPackage, forget,
    functionsOf, watch,
  };
})
