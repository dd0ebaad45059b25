// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// The ways a Node process ends, each with Python as a guest: the exit code stays, Python is ended
// properly on every path that Node allows, nothing of ours is on stdout. Rounds: METACALL_ROUNDS.
const { spawn } = require('child_process');
const assert = require('assert');
const path = require('path');
const test = require('./suite.js');

const rounds = Number(process.env.METACALL_ROUNDS || 20);
const at_once = 4;
const script = path.join(__dirname, 'fixtures/exit.js');

// way, code or signal, what stdout must be
const table = [
  ['only', 0, null, 'only\n'],
  ['normal', 0, null, 'normal\npython ends\n'],
  ['code', 4, null, 'code\npython ends\n'],
  ['exit', 3, null, 'exit\npython ends\n'],
  ['exit-in-callback', 9, null, 'exit-in-callback\npython ends\n'],
  ['throw', 1, null, 'throw\npython ends\n'],
  ['foreign-throw', 1, null, 'foreign-throw\npython ends\n'],
  ['reject', 1, null, 'reject\npython ends\n'],
  ['sys-exit', 7, null, 'sys-exit\npython ends\n'],
  ['thread', 2, null, 'thread\npython ends\n'],
  ['listener', 0, null, 'listener\npython ends\n', 'SIGINT'],
  ['sigint', null, 'SIGINT', 'sigint\n', 'SIGINT'],
  ['sigterm', null, 'SIGTERM', 'sigterm\n', 'SIGTERM'],
];

function once(way, send) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [script, way], { stdio: ['ignore', 'pipe', 'pipe'] });
    const late = setTimeout(() => child.kill('SIGKILL'), 60000);
    let out = '';
    let err = '';
    let sent = false;
    child.stdout.on('data', (data) => {
      out += data;
      if (send && !sent) {
        sent = true;
        child.kill(send);
      }
    });
    child.stderr.on('data', (data) => { err += data; });
    child.on('close', (code, signal) => {
      clearTimeout(late);
      resolve({ code, signal, out, err });
    });
  });
}

for (const [way, code, signal, out, send] of table) {
  test(`${way}: ${code === null ? signal : `exit code ${code}`}, ${rounds} times`, async () => {
    for (let done = 0; done < rounds; done += at_once) {
      const batch = Array.from({ length: Math.min(at_once, rounds - done) }, () => once(way, send));
      for (const ended of await Promise.all(batch)) {
        assert.deepStrictEqual({ code: ended.code, signal: ended.signal, out: ended.out },
          { code, signal, out }, ended.err);
        if (['only', 'normal', 'code', 'exit'].includes(way)) assert.strictEqual(ended.err, '');
      }
    }
  });
}
