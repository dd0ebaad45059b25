// SPDX-License-Identifier: Apache-2.0
// What tools/examples/both.py uses of Node.
'use strict';

exports.Point = class Point {
  constructor(x, y) { Object.assign(this, { x, y }); }
  get length() { return Math.hypot(this.x, this.y); }
};
exports.mirror = (value) => value;
exports.later = (value, ms) => new Promise((resolve) => setTimeout(resolve, ms, value));
exports.countdown = function* countdown(from) { while (from > 0) yield from--; };
exports.version = () => `node ${process.versions.node}`;
