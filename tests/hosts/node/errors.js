// SPDX-License-Identifier: Apache-2.0
// Copyright (c) The MetaCall loader registry authors
'use strict';
// Exceptions across the border.
const assert = require('assert');
const path = require('path');
const test = require('./suite.js');
const metacall = require('metacall');

const file = path.join(__dirname, 'fixtures/functions.py');
const py = metacall.metacall_load_from_file_export('py', [file]);

function thrown(body) {
  try {
    body();
  } catch (error) {
    return error;
  }
  return assert.fail('nothing was thrown');
}

test('a Python exception is a ForeignError with type, message and traceback', () => {
  const error = thrown(() => py.fail('told so'));
  assert(error instanceof metacall.ForeignError);
  assert(error instanceof Error);
  assert.strictEqual(error.language, 'py');
  assert.strictEqual(error.type, 'ValueError');
  assert.strictEqual(error.name, 'ValueError');
  assert.strictEqual(error.message, 'told so');
  assert.match(error.stack, /^ValueError: told so\n/);
  assert.match(error.stack, /functions\.py", line \d+, in fail/);
  assert.match(error.stack, /errors\.js:\d+/);
});

test('a Python TypeError is a TypeError', () => {
  const error = thrown(() => py.fail_type());
  assert(error instanceof TypeError);
  assert.strictEqual(error.message, 'not this one');
  assert.strictEqual(error.language, 'py');
});

test('a JavaScript error through Python comes home as the same object', () => {
  for (const mine of [new RangeError('mine'), { not: 'an error' }, [1]]) {
    assert.strictEqual(thrown(() => py.call(() => { throw mine; })), mine);
  }
  for (const mine of ['text', 5, null, undefined, Symbol.iterator, 10n]) {
    assert.strictEqual(thrown(() => py.call(() => { throw mine; })), mine);
  }
});

test('Python sees type and message', () => {
  assert.match(py.catch(() => { throw new RangeError('seen'); })[1], /seen/);
  assert.match(py.catch(() => { throw 'text'; })[1], /text/);
});

test('a Python exception through JavaScript comes home to Python as itself', () => {
  const [type, message] = py.catch(() => py.fail('round trip'));
  assert.strictEqual(type, 'ValueError');
  assert.strictEqual(message, 'round trip');
  assert.strictEqual(py.catch(() => {
    try {
      return py.fail('again');
    } catch (error) {
      throw error;
    }
  })[0], 'ValueError');
});

test('deep: JavaScript, Python, JavaScript, Python', () => {
  const error = thrown(() => py.call(() => py.call(() => py.fail('deep'))));
  assert.strictEqual(error.type, 'ValueError');
  assert.strictEqual(error.message, 'deep');
});

test('an Error as a value comes back', () => {
  const mine = new Error('a value');
  assert.strictEqual(py.echo(mine), mine);
  assert.strictEqual(py.echo([mine])[0], mine);
});

test('finally and catch in JavaScript run', () => {
  const seen = [];
  try {
    py.call(() => {
      try {
        py.fail('x');
      } finally {
        seen.push('finally');
      }
    });
  } catch (error) {
    seen.push(error.name);
  }
  assert.deepStrictEqual(seen, ['finally', 'ValueError']);
});

test('a file that cannot be loaded', () => {
  const error = thrown(() => metacall.metacall_load_from_file('py', ['no/such/file.py']));
  assert.match(error.message, /^MetaCall could not load from file/);
  assert.match(error.message, /no\/such\/file\.py/);
  assert(error.cause instanceof Error);
  for (const load of [
    () => metacall.metacall_load_from_file('no_such_tag', ['x']),
    () => metacall.metacall_load_from_file('node', ['no/such/file.js']),
    () => metacall.metacall_load_from_memory('py', 'def broken(:\n'),
    () => metacall.metacall_load_from_memory('node', 'this is not JavaScript'),
    () => metacall.metacall_load_from_package('py', 'no_such_package_at_all'),
  ]) {
    assert.match(thrown(load).message, /^MetaCall could not load from/);
  }
});

test('wrong arguments of the port are TypeErrors', () => {
  for (const call of [
    () => metacall.metacall(),
    () => metacall.metacall(5),
    () => metacall.metacall_load_from_file('py', [1]),
    () => metacall.metacall_load_from_file('py'),
    () => metacall.metacall_load_from_file(null, ['x']),
    () => metacall.metacallfms('x', '{}'),
  ]) {
    assert(thrown(call) instanceof TypeError);
  }
});

test('an unknown name is named', () => {
  const error = thrown(() => metacall.metacall('no_such_function_here'));
  assert.match(error.message, /no_such_function_here/);
  assert.strictEqual(error.code, 'ERR_METACALL_NOT_FOUND');
});

test('a circle of causes in Python ends as well', () => {
  const made = metacall.metacall_load_from_memory_export('py', `
def alone():
    error = ValueError('alone')
    error.__cause__ = error
    raise error

def both():
    first, second = ValueError('first'), KeyError('second')
    first.__cause__, second.__cause__ = second, first
    raise first
`);
  const chain = (error) => (error === undefined ? [] : [error.type, ...chain(error.cause)]);
  assert.deepStrictEqual(chain(thrown(() => made.alone())), ['ValueError']);
  assert.deepStrictEqual(chain(thrown(() => made.both())), ['ValueError', 'KeyError']);
});

test('a code that is a text arrives as that', () => {
  const made = metacall.metacall_load_from_memory_export('py', `
def code(f):
    try:
        f()
    except Exception as error:
        return error.code
`);
  const failing = (fields) => () => { throw Object.assign(new Error('x'), fields); };
  assert.strictEqual(made.code(failing({ code: 'ERR_X' })), 'ERR_X');
  assert.strictEqual(made.code(failing({ code: 'ENOENT', errno: -2 })), 'ENOENT');
  assert.strictEqual(made.code(failing({ code: 17 })), 17);
  assert.strictEqual(made.code(failing({ errno: -2 })), -2);
  assert.strictEqual(made.code(failing({})), 0);
});

test('after all that the next call works', () => {
  assert.strictEqual(py.add(1, 2), 3);
});

test('the cause of an error of ours is its cause there, and a circle of causes ends', () => {
  const inner = new TypeError('inner');
  const outer = Object.assign(new Error('outer'), { cause: inner, code: 17 });
  const made = metacall.metacall_load_from_memory_export('py', `
def causes(f):
    try:
        f()
    except Exception as error:
        out = []
        while error is not None and len(out) < 5:
            out.append(str(error))
            error = error.__cause__
        return out
`);
  assert.deepStrictEqual(made.causes(() => { throw outer; }).slice(0, 2), ['outer', 'inner']);
  inner.cause = outer;
  assert.deepStrictEqual(made.causes(() => { throw outer; }), ['outer', 'inner']);
  const alone = new Error('alone');
  alone.cause = alone;
  assert.deepStrictEqual(made.causes(() => { throw alone; }), ['alone']);
  const several = new AggregateError([inner], 'several');
  assert.strictEqual(made.causes(() => { throw several; })[1], 'inner');
});
