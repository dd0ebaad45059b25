// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Errors of other languages as JavaScript's own, and what C asks of a thrown value.
(function error(shared, require) {
  'use strict';

  const { types } = require('util');
  const { defineProperty } = Object;
  const foreign = new WeakMap(); // error -> address of its metacall_error

  class ForeignError extends Error {
    constructor(message, details) {
      super(message);
      this.name = details.type;
      hide(this, details);
    }
  }

  function hide(error, { language, type, code, stack, cause }) {
    const own = error.stack.split('\n')
      .filter((line) => /^\s+at (?!makeError )/.test(line)).join('\n');
    const put = (key, value) => defineProperty(error, key,
      { value, writable: true, enumerable: false, configurable: true });
    if (language) put('language', language);
    put('type', type);
    if (code !== null) put('code', code);
    put('name', type);
    if (cause !== null) put('cause', cause);
    put('stack', `${type}: ${error.message}\n${stack ? `${stack.trimEnd()}\n` : ''}${own}`);
  }

  // kind: 0 = of another language, 1 = Error, 2 = TypeError, 3 = RangeError, all three ours
  function makeError(kind, message, language, type, code, stack, cause) {
    if (kind === 0) {
      if (type !== 'TypeError' && type !== 'RangeError') {
        return new ForeignError(message, { language, type, code, stack, cause });
      }
      const error = type === 'TypeError' ? new TypeError(message) : new RangeError(message);
      hide(error, { language, type, code, stack, cause });
      return error;
    }
    const error = new (kind === 2 ? TypeError : kind === 3 ? RangeError : Error)(message);
    Error.captureStackTrace(error, makeError);
    error.code = code;
    if (type !== 'Error') error.name = type; // AbortError, TimeoutError
    if (cause !== null) {
      defineProperty(error, 'cause',
        { value: cause, writable: true, enumerable: false, configurable: true });
    }
    return error;
  }

  // The end of the program that another language asked for (sys.exit(3) in Python): an error like
  // any other, which a script may catch. Where nobody does, it is the end with that status.
  const ends = new WeakSet();
  let watches = false;
  function markExit(error, status) {
    const put = (key) => defineProperty(error, key,
      { value: status, writable: true, enumerable: false, configurable: true });
    put('code');
    put('status');
    ends.add(error);
    if (watches) return;
    watches = true;
    process.on('uncaughtExceptionMonitor', (thrown) => {
      if (thrown !== null && typeof thrown === 'object' && ends.has(thrown) &&
          process.listenerCount('uncaughtException') === 0 &&
          !process.hasUncaughtExceptionCaptureCallback()) {
        process.exit(thrown.status);
      }
    });
  }

  // Another Error that led to it; of several, the first.
  function causeOf(error) {
    const { cause, errors } = error;
    if (cause instanceof Error || types.isNativeError(cause)) return cause;
    return Array.isArray(errors) && errors[0] instanceof Error ? errors[0] : null;
  }

  // What C asks of a thrown value: [type, message, number, cause, code that is a text].
  function describeError(error) {
    if (types.isNativeError(error) || error instanceof Error) {
      const { code } = error;
      const number = [error.errno, code].find((value) => typeof value === 'number');
      return [String(error.name || 'Error'), String(error.message), number || 0, causeOf(error),
        typeof code === 'string' ? code : null];
    }
    let shown;
    try {
      shown = typeof error === 'string' ? error : require('util').inspect(error);
    } catch {
      shown = 'a value that cannot be shown';
    }
    return [typeof error === 'object' && error !== null ? 'Object' : typeof error, shown, 0, null, null];
  }

  function stackOf(error) {
    const stack = error !== null && typeof error === 'object' ? error.stack : undefined;
    return typeof stack === 'string' ? stack : '';
  }

  return {
    makeError, markExit, describeError, stackOf, ForeignError,
    foreignGet: (key) => foreign.get(key),
    foreignSet: (key, value) => { foreign.set(key, value); },
  };
})
