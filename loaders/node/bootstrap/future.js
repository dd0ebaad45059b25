// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Promises that other languages wait for, and how either side asks the other to give up.
(function future(shared, require) {
  'use strict';

  const { native, head } = shared;
  const { settle } = native;

  // The promise of a thenable, settled once in C as well.
  function follow(promise, address) {
    const controller = controllers.get(head[7]);
    if (controller !== undefined) aborts.set(promise, controller);
    Promise.resolve(promise).then((value) => settle(address, true, value),
      (error) => settle(address, false, error));
  }

  // ------------------------------------------------------------------- asked by another language

  // Calls from other languages are numbered, head[7]; a call that wanted a signal has a controller
  // until it returns, and after that its promise has it.
  const controllers = new Map();
  const aborts = new WeakMap();

  // The signal of the call that is running now: aborted when its caller gives up.
  function signal() {
    const call = head[7];
    let controller = controllers.get(call);
    if (controller === undefined) {
      controller = new AbortController();
      if (call !== 0) {
        controllers.set(call, controller);
        head[8] = controllers.size;
      }
    }
    return controller.signal;
  }

  function forgetSignal(call) {
    controllers.delete(call);
    head[8] = controllers.size;
  }

  // false = this promise cannot be asked
  function cancel(promise) {
    const controller = aborts.get(promise);
    if (controller !== undefined) controller.abort();
    else if (typeof promise.cancel === 'function') promise.cancel();
    else return false;
    return true;
  }

  // 1 = somebody gave up, 2 = too late, 0 = any other failure
  function reasonOf(error) {
    const name = error !== null && typeof error === 'object' ? error.name : '';
    return name === 'AbortError' ? 1 : name === 'TimeoutError' ? 2 : 0;
  }

  // -------------------------------------------------------------------- asking another language

  function timeoutError(name, timeout) {
    const error = new Error(`${name}: no result after ${timeout} ms`);
    error.name = 'TimeoutError';
    error.code = 'ERR_METACALL_TIMEOUT';
    return error;
  }

  function abortError(reason) {
    if (reason !== undefined) return reason;
    const error = new Error('This operation was aborted');
    error.name = 'AbortError';
    error.code = 'ABORT_ERR';
    return error;
  }

  function checkOptions({ signal: given, timeout }) {
    if (given !== undefined && !(given instanceof AbortSignal)) {
      throw new TypeError('signal must be an AbortSignal');
    }
    if (timeout !== undefined && !(timeout >= 0)) {
      throw new RangeError('timeout must be a number of milliseconds');
    }
  }

  // call(): a value or a promise; given up when the signal is aborted or the time is over.
  function awaitWith(options, name, call) {
    checkOptions(options);
    const { signal: given, timeout } = options;
    if (given !== undefined && given.aborted) return Promise.reject(abortError(given.reason));
    return new Promise((resolve, reject) => {
      let timer = null;
      let promise;
      const abort = () => giveUp(abortError(given.reason));
      const end = () => {
        clearTimeout(timer);
        if (given !== undefined) given.removeEventListener('abort', abort);
      };
      const giveUp = (error) => {
        end();
        reject(error);
        shared.cancelForeign(promise);
      };
      promise = call();
      if (given !== undefined) given.addEventListener('abort', abort, { once: true });
      if (timeout !== undefined && timeout !== Infinity) {
        timer = setTimeout(() => giveUp(timeoutError(name, timeout)), timeout);
      }
      Promise.resolve(promise).then((value) => { end(); resolve(value); },
        (error) => { end(); reject(error); });
    });
  }

  function cancelForeign(promise) {
    if (promise !== null && typeof promise === 'object' && shared.linkGet(promise) < 0) {
      native.cancel(promise);
    }
  }

  return { follow, signal, forgetSignal, cancelPromise: cancel, reasonOf, awaitWith, cancelForeign };
})
