# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Node in Python: one process, one thread, no second copy of anything."""

import threading
import time
import unittest

import metacall
import support

SCRIPT = '''
module.exports = {
    add: (a, b) => a + b,
    echo: x => x,
    type: x => x === null ? 'null' : Array.isArray(x) ? 'array' : Buffer.isBuffer(x) ? 'buffer'
        : x instanceof Uint8Array ? 'bytes' : typeof x,
    call: (f, ...args) => f(...args),
    length: s => s.length,
    thrower: (kind, message) => { throw new globalThis[kind](message); },
    catcher: f => {
        try { f(); return null; } catch (e) { return [e instanceof Error, e.message]; }
    },
    rethrow: f => { try { f(); } catch (e) { throw e; } },
    spin: ms => { const end = Date.now() + ms; while (Date.now() < end); return ms; },
    integer: () => 3, half: () => 0.5, minus: () => -0, big: () => 2n ** 70n, small: () => 5n,
    notNumber: () => NaN, undef: () => undefined,
    nest: (f, depth) => depth === 0 ? 0 : 1 + f(depth - 1),
    exit: n => process.exit(n),
};
'''

node = support.load_node(SCRIPT)


class Process(unittest.TestCase):
    def test_one_of_each(self):
        self.assertLessEqual(len(support.mapped(r'libpython3')), 1)
        self.assertEqual(len(support.mapped(r'libnode\.so')), 1)
        self.assertEqual(metacall.metacall_host()['tag'], 'py')

    def test_no_such_file(self):
        with self.assertRaises(metacall.NotFoundError) as caught:
            metacall.metacall_load_from_file('node', ['no_such_file.js'])
        self.assertRegex(str(caught.exception), r'^no such file: no_such_file\.js \(looked at /')
        with self.assertRaises(metacall.ForeignError) as caught:
            metacall.metacall_load_from_memory('node', 'require("./no_such_file.js")')
        self.assertEqual(caught.exception.code, 'MODULE_NOT_FOUND')


class Values(unittest.TestCase):
    def test_round_trip(self):
        for value in (None, True, False, 0, -1, 2**31, 2**53 - 1, -2**53 + 1, 2**53 + 1, 2**63 - 1,
                      -2**63, 2**64, -2**200, 0.5, -1e300, float('inf'), '', 'a\0b', 'é€😀',
                      '\ud800', b'', b'\0\1\xff', [], [1, [2, [3]]], {}, {'a': {'b': [None, 1.5]}},
                      list(range(1000))):
            got = node.echo(value)
            self.assertEqual(got, value)
            self.assertIs(type(got), type(value))

    def test_integers_stay_integers(self):
        self.assertEqual(repr(node.integer()), '3')
        self.assertEqual(repr(node.half()), '0.5')
        self.assertEqual(repr(node.minus()), '-0.0')
        self.assertEqual(node.big(), 2**70)
        self.assertEqual(repr(node.small()), '5')
        self.assertNotEqual(node.notNumber(), node.notNumber())
        self.assertIsNone(node.undef())

    def test_types(self):
        for value, kind in ((1, 'number'), (2**60, 'bigint'), ('', 'string'), (True, 'boolean'),
                            (None, 'null'), ([], 'array'), ({}, 'object'), (len, 'function')):
            self.assertEqual(node.type(value), kind)
        self.assertIn(node.type(b'x'), ('buffer', 'bytes'))

    def test_utf16_length(self):
        self.assertEqual(node.length('a\0😀'), 4)

    def test_depth(self):
        value = []
        for _ in range(999):
            value = [value]
        got = node.echo(value)
        depth = 0
        while got:
            got, depth = got[0], depth + 1
        self.assertEqual(depth, 999)


class Functions(unittest.TestCase):
    def test_identity(self):
        def function():
            pass
        self.assertIs(node.echo(function), function)
        self.assertIs(node.echo(node.add), node.add)
        self.assertEqual(node.add.__name__, 'add')
        self.assertEqual(node.add.language, 'node')

    def test_callback(self):
        self.assertEqual(node.call(lambda a, b: a * b, 6, 7), 42)
        self.assertEqual(node.call(node.add, 1, 2), 3)

    def test_twenty_deep(self):
        def python(depth):
            return 0 if depth <= 0 else 1 + node.nest(python, depth - 1)
        self.assertEqual(python(20), 20)
        identity = threading.get_ident()
        seen = []
        def deep(depth):
            seen.append(threading.get_ident())
            return 0 if depth == 0 else node.call(deep, depth - 1) + 1
        self.assertEqual(deep(20), 20)
        self.assertEqual(set(seen), {identity})

    def test_recursion_error(self):
        def forever():
            return node.call(forever)
        with self.assertRaises((RecursionError, metacall.ForeignError)):
            forever()
        self.assertEqual(node.add(1, 2), 3)


class Errors(unittest.TestCase):
    def test_classes(self):
        for kind, base in (('TypeError', TypeError), ('RangeError', ValueError),
                           ('Error', RuntimeError), ('SyntaxError', SyntaxError)):
            with self.assertRaises(base) as caught:
                node.thrower(kind, 'the message')
            error = caught.exception
            self.assertIsInstance(error, metacall.ForeignError)
            self.assertEqual((error.language, error.type), ('node', kind))
            self.assertIn('the message', str(error))
            self.assertIn('thrower', error.stack)

    def test_python_exception_through_javascript(self):
        mine = KeyError('mine')
        def fail():
            raise mine
        with self.assertRaises(KeyError) as caught:
            node.rethrow(fail)
        self.assertIs(caught.exception, mine)
        is_error, message = node.catcher(fail)
        self.assertTrue(is_error)
        self.assertIn('mine', message)

    def test_javascript_exception_through_python(self):
        def relay():
            node.thrower('RangeError', 'relayed')
        self.assertEqual(node.catcher(relay), [True, 'relayed'])

    def test_refused(self):
        with self.assertRaises(TypeError) as caught:
            node.echo([1, 1j])
        self.assertIn('echo', str(caught.exception))
        with self.assertRaises(metacall.Error):
            metacall.metacall_load_from_memory('node', 'this is not JavaScript')


class Threads(unittest.TestCase):
    def test_eight(self):
        failures = []

        def work(number):
            try:
                for i in range(300):
                    assert node.add(number, i) == number + i
                    assert node.call(lambda x: x + number, i) == number + i
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            self.assertFalse(thread.is_alive())
        self.assertEqual(failures, [])

    def test_python_runs_meanwhile(self):
        ticks = []
        stop = threading.Event()
        def tick():
            while not stop.is_set():
                ticks.append(1)
                time.sleep(0.005)
        thread = threading.Thread(target=tick)
        thread.start()
        node.spin(300)
        stop.set()
        thread.join()
        self.assertGreater(len(ticks), 10)


class Ends(unittest.TestCase):
    def test_process_exit(self):
        child = support.run('''
            import metacall
            node = metacall.metacall_load_from_memory_export(
                'node', 'module.exports = { exit: n => process.exit(n) }')
            try:
                node.exit(3)
            except SystemExit as error:
                print('asked for', error.code, flush=True)
                raise
        ''')
        self.assertEqual((child.status, child.output), (3, 'asked for 3\n'), child)

    def test_keyboard_interrupt_in_callback(self):
        import signal
        child = support.run('''
            import time, metacall
            node = metacall.metacall_load_from_memory_export(
                'node', 'module.exports = { call: f => f() }')
            def wait():
                print('ready', flush=True)
                for _ in range(300): # 3.14 looks for signals before a call with keywords, not after
                    time.sleep(0.1)
            try:
                node.call(wait)
            except KeyboardInterrupt:
                print('caught')
        ''', signal=signal.SIGINT)
        self.assertEqual((child.status, child.output), (0, 'ready\ncaught\n'), child)


class Inspection(unittest.TestCase):
    def test_python_from_node(self):
        """What Python has, as the Node inside it is told."""
        other = metacall.metacall_load_from_memory_export('node', '''
            const { metacall_inspect } = require('metacall');
            module.exports = { find: (name) => {
                for (const each of metacall_inspect().py)
                    for (const entry of each.scope.funcs) if (entry.name === name) return entry;
                return null;
            } };
        ''')
        metacall.metacall_load_from_memory('py', 'def shown(a: int, *, b=1): pass\n')
        entry = other.find('shown')
        self.assertEqual([(each['name'], each['required'], each['kind'])
                          for each in entry['signature']['args']],
                         [('a', True, 'any'), ('b', False, 'keyword')])
        self.assertEqual(entry['signature']['args'][0]['type'], {'name': 'Long', 'id': 4})


if __name__ == '__main__':
    unittest.main()
