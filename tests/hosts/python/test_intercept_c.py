# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Interception by hooks in C, which see values, whatever the Python objects are, and change
nothing; and what becomes of interceptions at exit and in a fork."""

import asyncio
import ctypes
import inspect
import os
import sys
import unittest

import metacall
import support
from watched import add, fails, later, numbers, same, shapes

support.guest()
WATCHER = ctypes.CDLL(support.GUEST)
WATCHER.guest_watch_log.restype = ctypes.c_char_p
TRAMPOLINE = sys.version_info[:2] == (3, 11) # defaults are filled in before a hook sees the call


class FromC(unittest.TestCase):
    def watch(self, name):
        number = WATCHER.guest_watch(name.encode())
        self.assertGreaterEqual(number, 0)
        WATCHER.guest_watch_log()
        self.addCleanup(WATCHER.guest_unwatch, number)

    def log(self):
        return WATCHER.guest_watch_log().decode().splitlines()

    def setUp(self):
        # as the main program has them
        for function in (add, same, later, shapes, fails):
            setattr(sys.modules['__main__'], function.__name__, function)

    def test_kinds(self):
        self.watch('same')
        class Other:
            pass
        for value, kind in ((1, 'Long'), ('x', 'String'), (b'x', 'Buffer'), ([1], 'Array'),
                            ({1: 2}, 'Map'), (None, 'Null'), (1.5, 'Double'), (True, 'Boolean'),
                            (2 ** 70, 'BigInteger'), (same, 'Function'),
                            (ValueError(), 'Exception'), (complex(1, 2), 'Object'),
                            (Other(), 'Object'), (range(3), 'Object')):
            self.assertIs(same(value), value)
            self.assertEqual(self.log(), ['same(%s) -> %s' % (kind, kind)])

    def test_keywords_and_errors(self):
        self.watch('shapes')
        self.watch('fails')
        shapes(1, 2, 3, e=5.0)
        if not TRAMPOLINE:
            self.assertEqual(self.log(), ['shapes(Long, Long, Long, e=Double) -> Array'])
        self.log()
        with self.assertRaises(KeyError):
            fails(KeyError)
        self.assertRegex(self.log()[0], r'fails\((Class|Function)\) -> error')

    def test_nothing_is_started(self):
        self.watch('same')
        self.watch('later')
        coroutine = later(1)
        self.assertEqual(self.log(), ['later(Long) -> Object'])
        for value in (coroutine, [coroutine], {'a': (coroutine,)}):
            self.assertIs(same(value), value)
        self.assertEqual(inspect.getcoroutinestate(coroutine), 'CORO_CREATED')
        generator = numbers(3)
        self.assertIs(same(generator), generator)
        self.assertEqual(list(generator), [0, 1, 2])
        self.assertEqual(asyncio.run(coroutine), 2)

    def test_cycles(self):
        self.watch('same')
        cycle = [1]
        cycle.append(cycle)
        self.assertIs(same(cycle), cycle)
        self.assertEqual(self.log(), ['same(Object) -> Object'])

    def test_once_a_call(self):
        self.watch('add')
        self.assertEqual(metacall.metacall('guest_call', add, 1), 11)
        self.assertEqual(add(1, 2), 3)
        self.assertEqual(len(self.log()), 2)


class Node(unittest.TestCase):
    """Hooks in Python on a function of JavaScript, which JavaScript itself calls too."""

    def test_both_ways(self):
        if not support.has_loader('node') or 'METACALL_TEST_VALGRIND' in os.environ:
            self.skipTest('the node loader is not built, or Valgrind would look at V8')
        try:
            lib = metacall.metacall_load_from_memory_export('node', """
                function watched(a, b) { return a + b }
                module.exports = { watched, inside: () => module.exports.watched(10, 20) }""")
        except metacall.LoaderError as error:
            self.skipTest(str(error))
        seen = []
        with metacall.intercept(lib.watched, lambda call: seen.append(call.args),
                                lambda call: seen.append(call.result)) as interception:
            self.assertEqual(interception.scope, 'all')
            self.assertEqual((lib.watched(1, 2), lib.inside()), (3, 30))
        self.assertEqual(seen, [(1, 2), 3, (10, 20), 30])
        with metacall.intercept(lib.watched, lambda call: setattr(call, 'result', 'answered')):
            self.assertEqual((lib.watched(1, 2), lib.inside()), ('answered', 'answered'))
        with metacall.intercept(lib.watched, lambda call: 1 / 0):
            with self.assertRaises(ZeroDivisionError):
                lib.watched(1, 2)
            with self.assertRaises(ZeroDivisionError):
                lib.inside()
        self.assertEqual((lib.watched(1, 2), lib.inside(), len(seen)), (3, 30, 4))


class Lifetime(unittest.TestCase):
    def check(self, code, output='', status=0):
        child = support.run(code, PYTHONWARNINGS='ignore')
        self.assertEqual((child.status, child.output, child.errors), (status, output, ''), child)

    def test_left_on_at_exit(self):
        self.check('''
            import atexit
            def add(a, b): return a + b
            atexit.register(lambda: print(add(1, 2), add(3, 4))) # runs when metacall has ended
            import metacall
            metacall.intercept(add, lambda call: print('seen', *call.args))
            atexit.register(lambda: print(add(5, 6)))
            class Last:
                def __del__(self): add(7, 8)
            last = Last()
        ''', 'seen 5 6\n11\n3 7\n')

    def test_threads_at_exit(self):
        self.check('''
            import threading, time, metacall
            def add(a, b): return a + b
            def work():
                while True:
                    assert add(1, 2) == 3
            for _ in range(4):
                threading.Thread(target=work, daemon=True).start()
            metacall.intercept(add, lambda call: None, lambda call: None)
            time.sleep(0.1)
        ''')

    def test_deep_recursion(self):
        """However deep Python is told to go, the stack of the thread is not left."""
        self.check('''
            import threading, metacall
            def endless(n): return endless(n + 1)
            def depth(n): return 0 if n == 0 else 1 + depth(n - 1)
            def work():
                with metacall.intercept(endless, lambda call: None), \\
                     metacall.intercept(depth, lambda call: None, lambda call: None):
                    for limit in (1000, 30000):
                        sys.setrecursionlimit(limit)
                        try:
                            endless(0)
                        except RecursionError:
                            print('ok', depth(50))
            work()
            for size in (256 * 1024, 8 * 1024 * 1024):
                threading.stack_size(size)
                thread = threading.Thread(target=work)
                thread.start()
                thread.join()
        ''', 'ok 50\n' * 6)

    def test_after_a_fork(self):
        self.check('''
            import os, metacall
            def add(a, b): return a + b
            seen = []
            interception = metacall.intercept(add, seen.append)
            child = os.fork()
            if child == 0:
                assert add(1, 2) == 3 and len(seen) == 1
                interception.remove()
                assert add(1, 2) == 3 and len(seen) == 1
                os._exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
            assert add(1, 2) == 3 and len(seen) == 1
        ''')

    def test_main_module_functions(self):
        self.check('''
            import metacall
            def before_import(a): return a
            seen = []
            with metacall.intercept('before_import', lambda call: seen.append(call.args)):
                before_import(1)
                metacall.metacall('before_import', 2)
            before_import(3)
            assert seen == [(1,), (2,)], seen
        ''')


if __name__ == '__main__':
    unittest.main()
