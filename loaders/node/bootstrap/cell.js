// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
// The packed form of values, and what both sides say besides. What C fetches by itself costs 60 to
// 200 ns each.
(function cell(shared) {
  'use strict';

  // A value is a run of doubles: an operation, then its operands. Texts stand one after another in
  // one string; what does not fit a double or a text is in `refs`, in order. C knows these numbers.
  const CELL = {
    NULL: 0, FALSE: 1, TRUE: 2, NUMBER: 3, TEXT: 4, ARRAY: 5, OBJECT: 6, NUMBERS: 7, MAP: 8,
    BUFFER: 9, BIGINT: 10, FUNCTION: 11, ERROR: 12, FOREIGN: 13, DATE: 14, SET: 15, HANDLE: 16,
    FUTURE: 17, MEMORY: 18, INTEGERS: 19, SHAPED: 20,
  };

  // Start, units of text, refs, end; what an operation gave: of another language [4], of
  // JavaScript [5]; the number of the call [7], controllers of such calls [8], bytes of shapes'
  // keys [9], items and pairs [10, 11], bytes of the newest shape's keys [12]; how a call goes out,
  // with how many arguments, and what comes back [13, 14, 15] (call.js); numbers that go with it.
  const head = new Float64Array(new ArrayBuffer(8 * 32));
  shared.native.buffers(undefined, undefined, head.buffer);

  // What stands for an object of another language is an instance of it.
  class ForeignObject {}

  // A Date has milliseconds; the microseconds below them that came with it stay with it as long as
  // it is not changed.
  const below = new WeakMap(); // Date -> [its milliseconds, microseconds]

  return { CELL, head, below, ForeignObject };
})
