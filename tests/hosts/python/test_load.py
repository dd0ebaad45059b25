# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Loading Python scripts, texts and packages into the host."""

import os
import sys
import tempfile
import unittest

import metacall


class Load(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.realpath(folder.name)
        self.addCleanup(sys.path.__setitem__, slice(None), list(sys.path))
        self.addCleanup(os.chdir, os.getcwd())

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, 'w', encoding='utf-8', errors='surrogateescape') as stream:
            stream.write(text)
        return path

    def test_module(self):
        path = self.write('load_module.py', 'import sys\ndef me(): return sys.modules[__name__]\n')
        lib = metacall.metacall_load_from_file_export('py', [path])
        module = lib.me()
        self.assertEqual(module.__name__, 'load_module')
        self.assertEqual(module.__file__, path)
        self.assertEqual(module.__spec__.origin, path)
        self.assertEqual(module.__package__, '')
        self.assertIs(module.me, lib['me'])

    def test_names(self):
        path = self.write('load_names.py', (
            'from os.path import join\nimport os\nfrom typing import List\nCONSTANT = 1\n'
            'def public(): pass\ndef _private(): pass\nclass Kind: pass\nshort = lambda: 1\n'))
        lib = metacall.metacall_load_from_file_export('py', [path])
        self.assertEqual(sorted(lib), ['Kind', 'public', 'short'])
        path = self.write('load_all.py', (
            '__all__ = ["join", "_private", "CONSTANT"]\nfrom os.path import join\nCONSTANT = [1]\n'
            'def public(): pass\ndef _private(): pass\n'))
        lib = metacall.metacall_load_from_file_export('py', path)
        self.assertEqual(sorted(lib), ['CONSTANT', '_private', 'join'])
        self.assertEqual(lib.CONSTANT, [1])
        self.assertEqual(dir(lib)[-1], 'values')

    def test_neighbours_can_be_imported(self):
        self.write('load_neighbour.py', 'VALUE = 7\n')
        path = self.write('load_importer.py', 'import load_neighbour\n'
                                              'def value(): return load_neighbour.VALUE\n')
        self.assertEqual(metacall.metacall_load_from_file_export('py', [path]).value(), 7)

    def test_relative(self):
        self.write('load_relative.py', 'def where(): return __file__\n')
        os.chdir(self.folder)
        lib = metacall.metacall_load_from_file_export('py', ['load_relative.py'])
        self.assertEqual(lib.where(), os.path.join(self.folder, 'load_relative.py'))

    def test_execution_path(self):
        self.write('load_execution.py', 'def there(): return 1\n')
        metacall.metacall_execution_path('py', self.folder)
        lib = metacall.metacall_load_from_file_export('py', ['load_execution.py'])
        self.assertEqual(lib.there(), 1)

    def test_odd_file_names(self):
        for name in ('load-dash.py', 'load ü.py', 'json.py', 'noextension', 'a.b.py'):
            path = self.write(name, 'def f(): return __name__\n')
            lib = metacall.metacall_load_from_file_export('py', [path])
            self.assertIn(lib.f(), sys.modules)
        import json
        self.assertTrue(hasattr(json, 'dumps'))

    def test_twice(self):
        path = self.write('load_twice.py', 'def f(): return __name__\n')
        one = metacall.metacall_load_from_file_export('py', [path])
        two = metacall.metacall_load_from_file_export('py', [path])
        self.assertIsNot(one.f, two.f)
        self.assertNotEqual(one.f(), two.f())

    def test_dataclass_and_pickle(self):
        path = self.write('load_pickle.py', (
            'from __future__ import annotations\nimport dataclasses, pickle\n'
            '@dataclasses.dataclass\nclass Point:\n    x: int\n    y: int = 2\n'
            'def copy(): return pickle.loads(pickle.dumps(Point(1))) == Point(1)\n'))
        self.assertIs(metacall.metacall_load_from_file_export('py', [path]).copy(), True)

    def test_errors(self):
        with self.assertRaises(metacall.NotFoundError) as caught:
            metacall.metacall_load_from_file('py', [os.path.join(self.folder, 'nothing.py')])
        self.assertIn('nothing.py', str(caught.exception))
        path = self.write('load_broken.py', 'def f():\n    return 1/0\nf()\n')
        with self.assertRaises(metacall.LoadError) as caught:
            metacall.metacall_load_from_file('py', [path])
        self.assertIsInstance(caught.exception.__cause__, ZeroDivisionError)
        self.assertIn('load_broken.py', str(caught.exception))
        self.assertNotIn('load_broken', sys.modules)
        path = self.write('load_syntax.py', 'def f(:\n')
        with self.assertRaises(metacall.LoadError) as caught:
            metacall.metacall_load_from_file('py', [path])
        self.assertIsInstance(caught.exception.__cause__, SyntaxError)
        for bad in ([1], 1, None):
            with self.assertRaises(TypeError):
                metacall.metacall_load_from_file('py', bad)
        with self.assertRaises(metacall.Error) as caught:
            metacall.metacall_load_from_file('no_such_tag', ['x'])
        self.assertIn('no_such_tag', str(caught.exception))

    def test_all_or_nothing(self):
        good = self.write('load_good.py', 'def load_good_function(): pass\n')
        bad = self.write('load_bad.py', 'raise ValueError\n')
        with self.assertRaises(metacall.LoadError):
            metacall.metacall_load_from_file('py', [good, bad])
        with self.assertRaises(metacall.NotFoundError):
            metacall.metacall('load_good_function')
        self.assertNotIn('load_good', sys.modules)

    def test_duplicate(self):
        one = self.write('load_first.py', 'def load_duplicate(): return 1\n')
        two = self.write('load_second.py', 'def load_duplicate(): return 2\n')
        metacall.metacall_load_from_file('py', [one])
        with self.assertRaises(metacall.DuplicateError) as caught:
            metacall.metacall_load_from_file('py', [two])
        for part in ('load_duplicate', 'load_first.py', 'load_second.py'):
            self.assertIn(part, str(caught.exception))
        self.assertEqual(metacall.metacall('load_duplicate'), 1)
        self.assertEqual(metacall.metacall_load_from_file_export('py', [two]).load_duplicate(), 2)

    def test_memory(self):
        lib = metacall.metacall_load_from_memory_export('py', 'def f(): return "é\U0001f600"')
        self.assertEqual(lib.f(), 'é\U0001f600')
        with self.assertRaises(metacall.LoadError) as caught:
            metacall.metacall_load_from_memory('py', 'raise KeyError(1)')
        self.assertIsInstance(caught.exception.__cause__, KeyError)
        with self.assertRaises(metacall.LoadError):
            metacall.metacall_load_from_memory('py', 'def f(:')

    def test_package(self):
        lib = metacall.metacall_load_from_package_export('py', 'json')
        self.assertEqual(lib.dumps([1]), '[1]')
        lib = metacall.metacall_load_from_package_export('py', 'os.path')
        self.assertEqual(lib.join('a', 'b'), 'a/b')
        with self.assertRaises(metacall.LoadError) as caught:
            metacall.metacall_load_from_package('py', 'no_such_package')
        self.assertIsInstance(caught.exception.__cause__, ModuleNotFoundError)

    def test_exit_while_loading(self):
        path = self.write('load_exit.py', 'import sys\nsys.exit(4)\n')
        with self.assertRaises(SystemExit) as caught:
            metacall.metacall_load_from_file('py', [path])
        self.assertEqual(caught.exception.code, 4)


if __name__ == '__main__':
    unittest.main()
