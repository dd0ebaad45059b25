# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""import metacall: one explicit attach, nothing started, nothing imported that is not needed."""

import os
import sys
import unittest

import support


class Import(unittest.TestCase):
    def test_modules(self):
        child = support.run('''
            before = set(sys.modules)
            import metacall
            print(*sorted(set(sys.modules) - before))
        ''')
        self.assertEqual(child.status, 0, child)
        names = set(child.output.split())
        # A debug build looks the codec ascii up for the name of any extension module.
        names -= {'atexit', 'encodings.ascii'}
        self.assertEqual(names, {'metacall', 'metacall._metacall'})

    def test_no_thread_no_signal_handler(self):
        child = support.run('''
            import os, signal
            numbers = [each for each in range(1, signal.NSIG) if each not in (32, 33)]
            def state():
                with open('/proc/self/status') as status:
                    masks = [line for line in status if line.startswith('Sig')]
                return masks[1:], [signal.getsignal(each) for each in numbers]
            before = state()
            import metacall
            metacall.metacall_load_from_memory('py', 'def f(): return 1')
            assert state() == before, (before, state())
            assert len(os.listdir('/proc/self/task')) == 1
        ''')
        self.assertEqual((child.status, child.output), (0, ''), child)

    def test_host(self):
        import metacall
        host = metacall.metacall_host()
        self.assertEqual(host['tag'], 'py')
        self.assertEqual(host['version'], '%d.%d.%d' % sys.version_info[:3])
        self.assertTrue(host['running'])
        self.assertIn('handshake', host['evidence'])
        shared = support.mapped(r'libpython3\.\d+.*\.so')
        self.assertEqual(host['in_executable'], not shared)
        if shared:
            self.assertEqual(os.path.realpath(host['owner']), os.path.realpath(shared[0]))

    def test_one_interpreter(self):
        before = support.mapped(r'libpython3')
        import metacall
        metacall.metacall_load_from_memory('py', 'def one_interpreter(): return 1')
        self.assertEqual(metacall.metacall('one_interpreter'), 1)
        self.assertEqual(support.mapped(r'libpython3'), before)
        self.assertLessEqual(len(before), 1)
        self.assertTrue(support.mapped(r'libpy_loader_host\.so'))
        self.assertFalse(support.mapped(r'libpy_loader\.so'))

    def test_no_environment_for_children(self):
        child = support.run('''
            import os, subprocess
            before = dict(os.environ)
            import metacall
            assert dict(os.environ) == before
            code = 'import metacall; print(metacall.metacall_host()["tag"])'
            print(subprocess.check_output([sys.executable, '-c', code], text=True).strip())
        ''')
        self.assertEqual((child.status, child.output), (0, 'py\n'), child)

    def test_names(self):
        import metacall
        for name in metacall.__all__:
            self.assertTrue(getattr(metacall, name), name)
        self.assertFalse(hasattr(metacall, 'no_such_name'))
        self.assertTrue(issubclass(metacall.ForeignTypeError, (metacall.ForeignError, TypeError)))
        self.assertIs(metacall.ForkError, metacall.ForkError)

    def test_stubs(self):
        import ast
        import builtins
        import metacall
        with open(metacall.__file__ + 'i') as stream:
            tree = ast.parse(stream.read())
        for node in tree.body:
            if not isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                continue
            thing = getattr(metacall, node.name)
            for member in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(member, ast.FunctionDef) and member.name != '__getattr__':
                    self.assertTrue(hasattr(thing, member.name), (node.name, member.name))
            for base in getattr(node, 'bases', ()):
                if isinstance(base, ast.Name):
                    base = getattr(builtins, base.id, None) or getattr(metacall, base.id)
                    self.assertTrue(issubclass(thing, base), (node.name, base))

    def test_help(self):
        child = support.run('import metacall; help(metacall); help(metacall.metacall)')
        self.assertEqual(child.status, 0, child)
        self.assertIn('metacall_load_from_file', child.output)
        for kind in ('Error', 'Class', 'Future', 'LoadError'):
            self.assertIn('class %s(' % kind, child.output)

    def test_signatures(self):
        import inspect
        import metacall
        for name in metacall.__all__:
            if name.startswith('metacall'):
                inspect.signature(getattr(metacall, name))
        self.assertEqual(str(inspect.signature(metacall.metacall)), '(name, /, *args, **kwargs)')
        self.assertEqual(str(inspect.signature(metacall.metacall_load_from_package_ex)),
                         '(tag, name, options=None, /)')
        self.assertLessEqual(set(metacall.__all__), set(dir(metacall)))
        for name in ('Class', 'Error', 'Exports', 'Function', 'Future', 'Object'):
            self.assertEqual(getattr(metacall, name).__module__, 'metacall')

    def test_subinterpreter_is_refused(self):
        child = support.run('''
            try:
                import _interpreters as interpreters
            except ImportError:
                try:
                    import _xxsubinterpreters as interpreters
                except ImportError:
                    sys.exit(77)
            import metacall
            inner = interpreters.create()
            code = 'import sys; sys.path[:] = %r\\n' % (sys.path,) + (
                'try:\\n import metacall\\nexcept ImportError as error:\\n'
                ' assert "subinterpreters" in str(error), error\\nelse:\\n raise SystemError')
            problem = interpreters.run_string(inner, code)
            assert not problem, problem
            print('refused')
        ''')
        if child.status == 77:
            self.skipTest('this Python has no subinterpreters module')
        self.assertEqual((child.status, child.output), (0, 'refused\n'), child)

    def test_missing_library_says_so(self):
        child = support.run('''
            try:
                import metacall
            except ImportError as error:
                print('py' in str(error), len(str(error)) > 40)
        ''', METACALL_REGISTRY_PATH='/nonexistent')
        self.assertEqual((child.status, child.output), (0, 'True True\n'), child)


if __name__ == '__main__':
    unittest.main()
