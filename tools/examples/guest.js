// SPDX-License-Identifier: Apache-2.0
// Functions of Node that the other side calls.
'use strict';

exports.nodeAdd = (a, b) => a + b;
exports.nodeTwice = (f, x) => f(f(x));
exports.nodeFail = (why) => {
  throw new TypeError(why);
};
exports.nodeDescribe = (record) => ({ ...record, seen: `node ${process.versions.node}` });
