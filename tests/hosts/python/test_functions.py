# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Functions in both directions: identity, keywords, callbacks, types, what is let go of."""

import functools
import gc
import unittest
import weakref

import metacall
import support

support.guest()


def add(a, b=10, *, c=0):
    return a + b + c


def typed(number: int, text: str = 'x', flag: bool = None):
    return [number, text, flag]


class Identity(unittest.TestCase):
    def test_comes_home(self):
        for function in (add, len, lambda: 1, int, functools.partial(add, 1), [].append):
            self.assertIs(metacall.metacall('guest_echo', function), function)
        self.assertIs(metacall.metacall('guest_echo', [add])[0], add)

    def test_foreign_function_is_one_object(self):
        echo = metacall.metacall('guest_echo', add)
        self.assertIs(echo, add)
        inspect = metacall.metacall_load_from_memory_export(
            'py', 'import metacall\ndef f(g): return g\ndef h(): return f')
        self.assertIs(inspect.h(), inspect.f)

    def test_python_functions_stay_native(self):
        lib = metacall.metacall_load_from_memory_export('py', 'def native(a): return a')
        self.assertIs(type(lib.native), type(add))
        marker = object()
        self.assertIs(lib.native(marker), marker)

    def test_let_go(self):
        def make():
            def function():
                return 1
            return function

        function = make()
        watch = weakref.ref(function)
        self.assertEqual(metacall.metacall('guest_call0', function), 1)
        del function
        gc.collect()
        self.assertIsNone(watch())


class Calls(unittest.TestCase):
    def test_by_name(self):
        metacall.metacall_load_from_memory('py', 'def by_name(a, b=2, *, c=3): return [a, b, c]')
        self.assertEqual(metacall.metacall('by_name', 1), [1, 2, 3])
        self.assertEqual(metacall.metacall('by_name', 1, c=5, b=4), [1, 4, 5])
        with self.assertRaises(TypeError):
            metacall.metacall('by_name')
        with self.assertRaises(metacall.NotFoundError) as caught:
            metacall.metacall('no_such_function')
        self.assertIn('no_such_function', str(caught.exception))
        with self.assertRaises(TypeError):
            metacall.metacall()
        with self.assertRaises(TypeError):
            metacall.metacall(1)

    def test_callback(self):
        self.assertEqual(metacall.metacall('guest_call', add, 5), 15)
        self.assertEqual(metacall.metacall('guest_call', lambda x: x, 'a\0b'), 'a\0b')

    def test_deep_recursion(self):
        def down(depth):
            return 0 if depth == 0 else 1 + metacall.metacall('guest_call', down, depth - 1)

        self.assertEqual(down(100), 100)
        with self.assertRaises(RecursionError):
            def forever(depth):
                return metacall.metacall('guest_call', forever, depth + 1)
            forever(0)
        self.assertEqual(down(100), 100)

    def test_types_are_checked(self):
        call = functools.partial(metacall.metacall, 'guest_call')
        self.assertEqual(call(typed, 1), [1, 'x', None])
        self.assertEqual(call(typed, 2**100), [2**100, 'x', None])
        for wrong in ('abc', None, [1]):
            with self.assertRaises(TypeError) as caught:
                call(typed, wrong)
            self.assertIn('typed', str(caught.exception))
            self.assertIn("'number'", str(caught.exception))
        with self.assertRaises(ValueError):
            call(typed, 1.5)

    def test_wrong_count(self):
        with self.assertRaises(TypeError):
            metacall.metacall('guest_call', typed)
        with self.assertRaises(TypeError):
            metacall.metacall('guest_throw', 1, 2)

    def test_repr(self):
        self.assertIsNot(metacall.Function, None)
        with self.assertRaises(TypeError):
            metacall.Function()


if __name__ == '__main__':
    unittest.main()
