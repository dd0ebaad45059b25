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

// What ends it, way, code or signal, does JavaScript see `exit`, is Python ended, what is sent.
const table = [
  ['the script ends, nothing was loaded', 'only', 0, null, true, false],
  ['the script ends', 'normal', 0, null, true, true],
  ['the script ends, process.exitCode = 4', 'code', 4, null, true, true],
  ['process.exit(3) in a timer', 'exit', 3, null, true, true],
  ['process.exit(9) called from Python', 'exit-in-callback', 9, null, true, true],
  ["process.exit(6) called from a thread of Python's", 'exit-in-thread', 6, null, true, true],
  ['a throw that nobody catches', 'throw', 1, null, true, true],
  ["Python's exception that nobody catches", 'foreign-throw', 1, null, true, true],
  ['a rejection that nobody handles', 'reject', 1, null, true, true],
  ['sys.exit(7) in Python', 'sys-exit', 7, null, true, true],
  ['sys.exit(7) in Python, caught', 'sys-exit-caught', 0, null, true, true],
  ['sys.exit(6) in Python, in a promise', 'sys-exit-async', 6, null, true, true],
  ['sys.exit(4) in a worker', 'sys-exit-worker', 0, null, true, true],
  ["process.exit(2) while a thread of Python's calls", 'thread', 2, null, true, true],
  ['a worker ends', 'worker', 0, null, true, true],
  ['process.exit(5) in a worker', 'worker-exit', 0, null, true, true],
  ['worker.terminate() in busy JavaScript', 'worker-terminate', 0, null, true, true],
  ['SIGINT with a listener: process.exit(0)', 'listener', 0, null, true, true, 'SIGINT'],
  ['SIGINT', 'sigint', null, 'SIGINT', false, false, 'SIGINT'],
  ['SIGTERM', 'sigterm', null, 'SIGTERM', false, false, 'SIGTERM'],
  ['SIGINT while Python is busy', 'busy-int', null, 'SIGINT', false, false, 'SIGINT'],
  ['SIGTERM while Python is busy', 'busy-term', null, 'SIGTERM', false, false, 'SIGTERM'],
];
const lines = [];

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

for (const [what, way, code, signal, heard, ended, send] of table) {
  test(`${what}: ${code === null ? signal : `exit code ${code}`}, ${rounds} times`, async () => {
    const out = `${way}\n${heard ? 'exit event\n' : ''}${ended ? 'python ends\n' : ''}`;
    for (let done = 0; done < rounds; done += at_once) {
      const batch = Array.from({ length: Math.min(at_once, rounds - done) }, () => once(way, send));
      for (const seen of await Promise.all(batch)) {
        assert.deepStrictEqual({ code: seen.code, signal: seen.signal, out: seen.out },
          { code, signal, out }, seen.err);
        if (!/throw|reject/.test(way)) assert.strictEqual(seen.err, '');
      }
    }
    lines.push(`# ${what.padEnd(50)} | ${(heard ? 'yes' : 'no').padEnd(7)} | ` +
      `${(ended ? 'yes' : 'no').padEnd(7)} | ${code === null ? signal : code}`);
  });
}

process.on('exit', () => {
  console.log(`\n# ${'cause'.padEnd(50)} | exit ev | py ends | code\n# ${'-'.repeat(78)}`);
  console.log(lines.join('\n'));
});
