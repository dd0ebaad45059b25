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

    def check(self, code, files=(), main=False):
        """Runs `code` among `files`; `main`: its own file lies there too."""
        with tempfile.TemporaryDirectory() as folder:
            for name, text in dict(files).items():
                path = os.path.join(folder, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, 'w') as stream:
                    stream.write(text)
            head = 'sys.path.insert(0, %r)\n' % folder
            if main:
                head += '__file__ = %r\n' % os.path.join(folder, 'main_program.py')
            child = support.run(head + textwrap.dedent(code))
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
            import builtins
            before, plain = list(sys.meta_path), builtins.__import__
            import metacall
            assert sys.meta_path[:-1] == before and builtins.__import__ is plain
        ''')

    def test_no_loader(self):
        """A language whose loader is not installed: the file is found, and the error says so."""
        self.check('''
            import metacall
            for _ in range(2):
                try:
                    import second.rb
                except ModuleNotFoundError:
                    raise
                except ImportError as error:
                    assert error.name == 'second.rb', error.name
                    assert error.path.endswith('/second.rb'), error.path
                    assert isinstance(error.__cause__, metacall.Error), error.__cause__
                    assert 'ruby' in str(error), error
                else:
                    raise SystemError
            assert 'second' not in sys.modules and 'second.rb' not in sys.modules
            try:
                import second
            except ModuleNotFoundError as error:
                assert error.name == 'second'
            else:
                raise SystemError
        ''', {'second.rb': 'def f; 1; end\n'})

    def test_cached_imports_cost_nothing(self):
        """The finder is asked for what nobody has found, never for what is there."""
        self.check('''
            import metacall
            asked = []
            class Counting:
                @staticmethod
                def find_spec(name, path=None, target=None, finder=sys.meta_path[-1]):
                    asked.append(name)
                    return finder.find_spec(name, path, target)
            import os, json, unittest.mock
            sys.meta_path[-1] = Counting
            for _ in range(100):
                import os, json, unittest.mock, colorsys
                from os.path import join
            assert asked == [], asked
            try:
                import not_there
            except ModuleNotFoundError:
                pass
            assert asked == ['not_there'], asked
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

    def node(self, code, files=(), main=False):
        if not support.has_loader('node'):
            self.skipTest('the node loader is not built')
        self.check(textwrap.dedent(self.CODE) + textwrap.dedent(code), files, main)

    test_python_comes_first = test_missing_stays_missing = test_last_in_the_path = None
    test_no_loader = test_cached_imports_cost_nothing = None

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

    def test_relative(self):
        self.node('''
            from pkg.deep.inner import one, two, three
            assert (one(), two(), three()) == (1, 2, 3)
            import pkg.deep.local.js
            assert pkg.deep.local.js.g is one
            assert pkg.deep.local.js.__package__ == 'pkg.deep.local'
            assert pkg.deep.local.g is one
            try:
                from pkg.deep import other
            except ImportError:
                pass
            else:
                raise SystemError
        ''', {'pkg/__init__.py': '', 'pkg/deep/__init__.py': '',
              'pkg/up.js': 'exports.h = () => 2;\n',
              'pkg/deep/local.js': 'exports.g = () => 1;\n',
              'pkg/deep/other.txt': '', 'top.js': 'exports.t = () => 3;\n',
              'pkg/deep/inner.py': 'from .local.js import g as one\nfrom ..up.js import h as two\n'
                                   'from top.js import t as three\n'})

    def test_beside_a_folder(self):
        """lib.js beside a folder lib, and beside a package lib."""
        self.node('''
            from lib.js import f
            from lib.part.js import g
            from pack.js import h
            import lib, pack
            assert (f(), g(), h(), pack.OWN) == (1, 2, 3, 4)
            assert not hasattr(pack, 'h')
        ''', {'lib.js': 'exports.f = () => 1;\n', 'lib/part.js': 'exports.g = () => 2;\n',
              'pack.js': 'exports.h = () => 3;\n', 'pack/__init__.py': 'OWN = 4\n'})

    def test_a_script_is_no_folder(self):
        """`lib` stands for lib.js and the like alone: what else lies there is not lib.other."""
        self.node('''
            import lib.js
            for name in ('lib.other', 'lib.json', 'lib.txt', 'lib.js.more'):
                try:
                    __import__(name)
                except ModuleNotFoundError as error:
                    assert error.name == name
                else:
                    raise SystemError(name)
        ''', {'lib.js': 'exports.f = () => 1;\n', 'other.py': '', 'lib.txt': ''})

    PACKAGE = {
        'node_modules/ramda/package.json': '{"name": "ramda", "version": "1.0.0", "main": "r.js"}',
        'node_modules/ramda/r.js': 'exports.add = (a, b) => a + b;\n'
                                   'exports.compose = (f, g) => x => f(g(x));\n',
        'node_modules/@scope/part/index.js': 'exports.part = () => "part";\n',
    }

    def test_packages(self):
        self.node('''
            import os
            os.chdir('/')
            import metacall.node.ramda
            from metacall.node import ramda
            assert ramda is metacall.node.ramda is sys.modules['metacall.node.ramda']
            assert ramda.add(1, 2) == 3
            assert ramda.compose(lambda x: x * 2, lambda x: x + 1)(4) == 10
            assert sorted(ramda.__all__) == ['add', 'compose']
            from metacall.node.ramda import add
            assert add is ramda.add
            import importlib
            assert importlib.import_module('metacall.node.@scope__part').part() == 'part'
            try:
                from metacall.node import nothing_like_it
            except ImportError as error:
                assert error.name == 'metacall.node.nothing_like_it' and error.path is None
                assert isinstance(error.__cause__, metacall.Error)
                assert 'nothing_like_it' in str(error), error
            else:
                raise SystemError
            assert 'metacall.node.nothing_like_it' not in sys.modules
        ''', self.PACKAGE, main=True)

    def test_packages_of_an_importer(self):
        """A package is looked for from the folder of the module that imports it."""
        self.node('''
            import os
            os.chdir('/')
            import app.user
            assert app.user.add(2, 2) == 4
        ''', {'app/__init__.py': '', 'app/user.py': 'from metacall.node.ramda import add\n',
              **{'app/' + name: text for name, text in self.PACKAGE.items()}})

    def test_names_of_a_language_are_its_own(self):
        """metacall.node has the names of packages and scripts, not those that they export."""
        self.node('''
            from metacall.node import first
            from metacall.node import second
            assert second.who() == 'the script' and first.second() == 'the function'
        ''', {'first.js': 'exports.second = () => "the function";\n',
              'second.js': 'exports.who = () => "the script";\n'})

    def test_reload(self):
        self.node('''
            import importlib, lib.js
            former = lib.js.f
            with open(lib.js.__file__, 'w') as stream:
                stream.write('exports.f = () => 2; exports.fresh = () => 3;')
            assert importlib.reload(lib.js) is lib.js is sys.modules['lib.js']
            assert (lib.js.f(), lib.js.fresh(), lib.f(), former()) == (2, 3, 2, 1)
            assert sorted(lib.js.__all__) == ['f', 'fresh']
            assert importlib.reload(lib) is lib and lib.f() == 2
            with open(lib.js.__file__, 'w') as stream:
                stream.write('throw new Error("broken now")')
            try:
                importlib.reload(lib.js)
            except ImportError as error:
                assert 'broken now' in str(error)
            else:
                raise SystemError
            assert lib.js.f() == 2
            with open(lib.js.__file__, 'w') as stream:
                stream.write('exports.f = () => 4;')
            assert importlib.reload(lib.js).f() == 4
        ''', {'lib.js': 'exports.f = () => 1;\n'})

    def test_threads(self):
        """Eight threads import at once: one load, and all see the same functions."""
        self.node('''
            import threading
            start, found, failed = threading.Barrier(8), [], []
            def work(number):
                try:
                    start.wait()
                    if number % 2:
                        from counted.js import load, f
                    else:
                        import counted.js
                        f = counted.js.f
                    found.append(f)
                except BaseException as error:
                    failed.append(error)
            threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
            for thread in threads: thread.start()
            for thread in threads: thread.join(30)
            assert failed == [] and len(found) == 8, failed
            import counted.js
            assert all(each is counted.js.f for each in found)
            assert counted.js.load() == 1
        ''', {'counted.js': 'globalThis.count = (globalThis.count || 0) + 1;\n'
                             'const end = Date.now() + 50;\nwhile (Date.now() < end);\n'
                             'exports.load = () => globalThis.count;\nexports.f = () => 1;\n'})

    def test_find_spec(self):
        self.node('''
            import importlib.util
            spec = importlib.util.find_spec('lib.js')
            assert spec.name == 'lib.js' and spec.has_location and spec.parent == 'lib'
            assert spec.origin.endswith('/lib.js') and 'lib.js' not in sys.modules
            assert spec.submodule_search_locations is None
            assert spec.loader.get_source('lib.js').startswith('exports.f')
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            assert module.f() == 1 and 'lib.js' not in sys.modules
            import lib.js
            assert lib.js.__spec__.origin == spec.origin == lib.js.__file__
            assert importlib.util.find_spec('lib.nothing') is None
            assert importlib.util.find_spec('lib') is lib.__spec__
            assert importlib.util.find_spec('settings') is None
            assert importlib.util.find_spec('metacall.node').origin is None
            assert importlib.util.find_spec('metacall.nothing') is None
            assert importlib.import_module('lib.js') is lib.js
            assert importlib.import_module('.js', 'lib') is lib.js
        ''', {'lib.js': 'exports.f = () => 1;\n', 'settings.js': ''})

    def test_star_and_alias(self):
        self.node('''
            names = {}
            exec('from lib.js import *', names)
            assert names['f']() == 1 and names['g']() == 2
            import lib.js as other
            from lib.js import f as renamed
            assert other.f is renamed is names['f']
            import pickle, unittest.mock
            with unittest.mock.patch('lib.js.f', lambda: 'mocked'):
                assert other.f() == 'mocked'
            assert other.f() == 1
        ''', {'lib.js': 'exports.f = () => 1; exports.g = () => 2;\n'})

    def test_cached_scripts_cost_nothing(self):
        self.node('''
            import lib.js
            from metacall.node import by_name
            asked = []
            class Counting:
                @staticmethod
                def find_spec(name, path=None, target=None):
                    asked.append(name)
            sys.meta_path.append(Counting)
            sys.meta_path.insert(0, Counting)
            for _ in range(100):
                import lib.js, metacall.node.by_name
                from lib.js import f
                from metacall.node import by_name
            assert asked == [], asked
        ''', {'lib.js': 'exports.f = () => 1;\n', 'by_name.js': 'exports.f = () => 1;\n'})

    def test_exit_in_a_script(self):
        self.node('''
            try:
                import leaves.js
            except SystemExit as error:
                assert error.code == 4
            else:
                raise SystemError
            assert 'leaves' not in sys.modules
        ''', {'leaves.js': 'process.exit(4);\n'})

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
                assert 'bad' not in sys.modules and 'bad.js' not in sys.modules
            try:
                import bad
            except ModuleNotFoundError as error:
                assert error.name == 'bad'
            else:
                raise SystemError
            import lib.js
            lib_file = lib.js.__file__
            try:
                from lib.js import nothing
            except ImportError as error:
                assert 'nothing' in str(error) and error.path == lib_file, error.path
            else:
                raise SystemError
            try:
                import wrong.js
            except ImportError as error:
                assert error.path.endswith('wrong.js') and 'SyntaxError' in repr(error.__cause__)
            else:
                raise SystemError
        ''', {'bad.js': 'throw new Error("thrown here");\n', 'lib.js': 'exports.a = () => 1;\n',
              'wrong.js': 'function (\n'})


if __name__ == '__main__':
    unittest.main()
