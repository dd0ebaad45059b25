// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// Calls that leave JavaScript. The arguments are ready for C before it is entered, and what it gives
// is made here: each value that crosses Node-API by itself costs more than the step across.
(function call(shared) {
  'use strict';

  const { head, pack, unpack } = shared;
  // How a call goes out, head[13]; C sets it back.
  const AS_IT_IS = 1, PACKED = 2, REFUSED = 3, COUNTED = 4;
  // What is to be done with what comes back, head[15].
  const MADE = 0, CARRIED = 1, COUNT = 2, NOT_YET = 3;
  const FIRST = 16, MOST = 16; // numbers that go in `head`

  // What is carried is a text, undefined where there is none, or an array that has it at its end,
  // behind what it refers to.
  function take(result) {
    const kind = head[15];
    if (kind === MADE) return result;
    if (kind === COUNT) return head[FIRST];
    return typeof result === 'object' ? unpack(result.pop(), result) : unpack(result, undefined);
  }

  function packArguments(args) {
    const carried = pack(args, true);
    head[13] = head[0] < 0 ? REFUSED : PACKED;
    return carried;
  }

  function callWith(...args) {
    return take(this(packArguments(args)));
  }

  // What stands for a function of another language: `direct` is C's.
  function importOf(direct, name) {
    return {
      [name]() {
        const count = arguments.length;
        if (count > MOST) return callWith.apply(direct, arguments);
        for (let i = 0; i < count; i++) {
          const value = arguments[i];
          if (typeof value !== 'number') return callWith.apply(direct, arguments);
          head[FIRST + i] = value;
        }
        head[13] = COUNTED;
        head[14] = count;
        const result = direct();
        return head[15] === COUNT ? head[FIRST] : take(result);
      },
    }[name];
  }

  function hasObject(args) {
    for (let i = 0; i < args.length; i++) {
      if (typeof args[i] === 'object' && args[i] !== null) return true;
    }
    return false;
  }

  // call(name, ...args). A function of JavaScript's own gets its arguments as they are.
  const callerOf = (direct) => function call(name, ...args) {
    if (hasObject(args)) {
      const result = direct(name, packArguments(args));
      if (head[15] !== NOT_YET) return take(result);
    }
    head[13] = AS_IT_IS;
    return take(direct(name, ...args));
  };

  return { importOf, callerOf };
})
