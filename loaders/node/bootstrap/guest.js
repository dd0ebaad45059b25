// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Repairs of an embedded Node, whose process is another program's.
(function guest(shared, require) {
  'use strict';

  const { options, isFile, addFolder } = shared;
  const path = require('path');
  const { existsSync } = require('fs');
  const { defineProperty } = Object;

  // The host's executable is no Node: child_process.fork and workers' execArgv need a real one.
  function findNode() {
    if (options.executable && existsSync(options.executable)) return options.executable;
    for (const folder of (process.env.PATH || '').split(path.delimiter)) {
      for (const name of ['node', 'nodejs']) {
        const file = folder && path.join(folder, name);
        if (file && isFile(file)) return file;
      }
    }
    return 'node'; // not there: spawn says so by this name
  }

  // A pipe that Node opens becomes non-blocking for the whole process: put it back.
  function keepBlocking(name) {
    const described = Object.getOwnPropertyDescriptor(process, name);
    if (!described || !described.get) return;
    let stream = null;
    defineProperty(process, name, {
      configurable: true,
      enumerable: described.enumerable,
      set: described.set,
      get() {
        if (stream === null) {
          stream = described.get.call(process);
          const handle = stream && stream._handle;
          if (handle && typeof handle.setBlocking === 'function') handle.setBlocking(true);
        }
        return stream;
      },
    });
  }

  // A worker has an environment of its own, where nobody has told require() about the port.
  function helpWorkers(preload) {
    const threads = require('worker_threads');
    const { Worker: Plain } = threads;
    threads.Worker = class Worker extends Plain {
      constructor(file, given = {}) {
        super(file, { ...given, execArgv: ['--require', preload, ...(given.execArgv || [])] });
      }
    };
    require('module').syncBuiltinESMExports();
  }

  // What nobody catches ends this Node, whose host learns of it with its next call at the latest.
  function tellFatal(error) {
    try {
      shared.native.fatal(error);
    } catch {
      // The end comes all the same.
    }
  }

  if (options.embedded) {
    process.execPath = findNode();
    process.argv.length = 0;
    process.argv.push(process.execPath, ...options.argv);
    keepBlocking('stdout');
    keepBlocking('stderr');
    options.paths.forEach(addFolder);
    const port = options.paths.map((folder) => path.join(folder, 'metacall')).find(existsSync);
    if (port) helpWorkers(path.join(port, 'guest-worker.js'));
    shared.port = port;
    process.on('uncaughtExceptionMonitor', tellFatal);
    // The process's title is its owner's: what a script sets is for scripts to see.
    defineProperty(process, 'title',
      { value: process.title, writable: true, enumerable: true, configurable: true });
    process.setSourceMapsEnabled(true);
  }

  return {};
})
