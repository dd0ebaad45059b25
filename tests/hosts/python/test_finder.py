# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Imports of other languages' files, and the imports that must stay Python's."""

import os
import tempfile
import textwrap
import unittest

import support


class Python(unittest.TestCase):
    """What the finder must not touch."""

    def check(self, code, files=()):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in dict(files).items():
                path = os.path.join(folder, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, 'w') as stream:
                    stream.write(text)
            child = support.run('sys.path.insert(0, %r)\n' % folder + textwrap.dedent(code))
        if child.output.startswith('SKIP'):
            self.skipTest(child.output.strip())
        self.assertEqual((child.status, child.output, child.errors), (0, '', ''), child)

    def test_python_comes_first(self):
        self.check('''
            import metacall, builtins, os
            assert builtins.__import__.__module__ == 'builtins'
            import unittest.mock
            assert unittest.mock.Mock
            from tree.node import Node
            from pkg import js
            assert js.VALUE == 1 and Node.__module__ == 'tree.node'
            assert len(os.listdir('/proc/self/task')) == 1
        ''', {'tree/__init__.py': '', 'tree/node.py': 'class Node: pass\n',
                   'pkg/__init__.py': '', 'pkg/js.py': 'VALUE = 1\n'})

    def test_missing_stays_missing(self):
        self.check('''
            import metacall
            for name in ('no_such_module', 'no_such.js', 'json.js', 'settings', 'metacall.nothing'):
                try:
                    __import__(name)
                except ModuleNotFoundError as error:
                    assert error.name in name, error
                else:
                    raise SystemError(name)
        ''', {'settings.js': 'module.exports = {}\n'})

    def test_last_in_the_path(self):
        self.check('''
            before = list(sys.meta_path)
            import metacall
            assert sys.meta_path[:-1] == before
        ''')


class Node(Python):
    """Scripts of Node by import statement."""

    CODE = '''
        import metacall
        try:
            metacall.metacall_load_from_memory('node', 'module.exports = {}')
        except metacall.LoaderError as error:
            print('SKIP', error); sys.exit(0)
    '''

    def node(self, code, files=()):
        if not support.has_loader('node'):
            self.skipTest('the node loader is not built')
        self.check(textwrap.dedent(self.CODE) + textwrap.dedent(code), files)

    test_python_comes_first = test_missing_stays_missing = test_last_in_the_path = None

    def test_from(self):
        self.node('''
            from lib.js import add
            assert add(1, 2) == 3
            import lib.js
            assert lib.js.add is add and lib.add is add
            assert lib.js.__file__.endswith('lib.js') and lib.js.__all__ == ['add']
        ''', {'lib.js': 'module.exports = { add: (a, b) => a + b };\n'})

    def test_by_language(self):
        self.node('''
            from metacall.node import both
            assert both.f() == 1
            import metacall.node.both
            import both as own
            assert own.VALUE == 2
        ''', {'both.js': 'module.exports = { f: () => 1 };\n', 'both.py': 'VALUE = 2\n'})

    def test_in_a_package(self):
        self.node('''
            import pkg.inner
            assert pkg.inner.value() == 5
        ''', {'pkg/__init__.py': '', 'pkg/local.js': 'module.exports = { g: () => 5 };\n',
                  'pkg/inner.py': 'from .local.js import g\ndef value(): return g()\n'})

    def test_failure(self):
        self.node('''
            for _ in range(2):
                try:
                    import bad.js
                except ImportError as error:
                    assert error.path.endswith('bad.js') and error.name == 'bad.js'
                    assert isinstance(error.__cause__, metacall.Error)
                    assert 'thrown here' in str(error), error
                else:
                    raise SystemError
            try:
                from lib.js import nothing
            except ImportError as error:
                assert 'nothing' in str(error)
        ''', {'bad.js': 'throw new Error("thrown here");\n', 'lib.js': 'exports.a = () => 1;\n'})


if __name__ == '__main__':
    unittest.main()
