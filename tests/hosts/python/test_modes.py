# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""The ways in which an interpreter can be started, and what newer versions brought: monitoring,
subinterpreters, code from another process, a compiler. Nothing is printed that plain Python would
not."""

import os
import re
import subprocess
import sys
import tempfile
import textwrap
import unittest

import installed
import matrix
import support

PROGRAM = '''
import sys
sys.path[:0] = PATHS
import metacall
def main_function(a: int, b=2, *, c=3): return a + b + c
lib = metacall.metacall_load_from_memory_export('py', 'def twice(a): return a * 2')
assert lib.twice(4) == 8 and metacall.metacall('main_function', 1) == 6
seen = []
with metacall.intercept(main_function, lambda call: seen.append(call.args)) as interception:
    assert main_function(1) == 6 and interception.scope == 'all', interception
assert len(seen) == 1
try:
    metacall.metacall_load_from_file('py', ['/nonexistent.py'])
except metacall.Error as error:
    assert 'nonexistent' in str(error)
else:
    raise SystemError
if metacall._metacall.tag_for('mock') == 'mock':
    try:
        mock = metacall.metacall_load_from_memory_export('mock', 'long add(long a, long b) = a + b')
    except metacall.LoaderError:
        pass
    else:
        assert mock.add(1, b=2) == 3
        try:
            mock.add('x', 1)
        except TypeError as error:
            assert 'add' in str(error), error
print('done')
'''

MODES = {
    'plain': [],
    'isolated': ['-I'],
    'no site': ['-S'],
    'no environment': ['-E'],
    'optimised': ['-OO'],
    'bytes warnings': ['-bb'],
    'all warnings are errors': ['-W', 'error'],
    'developer': ['-X', 'dev'],
    'developer, malloc': ['-X', 'dev', 'PYTHONMALLOC=malloc_debug'],
    'utf8': ['-X', 'utf8'],
    'utf8 off, C locale': ['-X', 'utf8=0', 'LC_ALL=C', 'PYTHONCOERCECLOCALE=0'],
    'unbuffered': ['-u'],
    'safe path': ['-P'] if sys.version_info >= (3, 11) else None,
    'frozen modules off': ['-X', 'frozen_modules=off'] if sys.version_info >= (3, 11) else None,
    'perf': ['-X', 'perf'] if sys.version_info >= (3, 12) else None,
    'context warnings': ['-X', 'thread_inherit_context=1', '-X', 'context_aware_warnings=1']
                        if sys.version_info >= (3, 14) else None,
    'compiler': ['PYTHON_JIT=1'] if sys.version_info >= (3, 13) else None,
    'faulthandler': ['-X', 'faulthandler'],
    'tracemalloc': ['-X', 'tracemalloc'],
}


def mode(name, _):
    if MODES[name] is None:
        raise unittest.SkipTest('not in this version')
    settings = dict(each.split('=') for each in MODES[name] if re.match('[A-Z_]+=', each))
    options = [each for each in MODES[name] if not re.match('[A-Z_]+=', each)]
    with tempfile.TemporaryDirectory() as folder:
        script = os.path.join(folder, 'program.py')
        with open(script, 'w') as stream:
            stream.write(PROGRAM.replace('PATHS', repr([os.path.dirname(installed.package())])))
        done = subprocess.run([sys.executable, *options, script], timeout=60, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env={**os.environ, **settings})
    if (done.returncode, done.stdout, done.stderr) != (0, 'done\n', ''):
        raise AssertionError(done)
    return 'ok'


class Modes(unittest.TestCase):
    pass


matrix.Table('how Python is started', MODES, ['a program that uses all'], mode).add_tests(Modes)


class Newer(unittest.TestCase):
    def check(self, code, output='done\n', **environment):
        child = support.run(code, **environment)
        if child.output.startswith('SKIP'):
            self.skipTest(child.output.strip())
        self.assertEqual((child.status, child.output, child.errors), (0, output, ''), child)

    def test_heavy_modules_stay_out(self):
        self.check('''
            import sys
            heavy = {'inspect', 'asyncio', 'traceback', 'ctypes', 'threading', 'json', 'typing',
                     'dataclasses', 'datetime', 'decimal', 'subprocess', 'logging'}
            before = heavy & set(sys.modules)
            import metacall
            def f(a: int, *rest, b=1): return a
            lib = metacall.metacall_load_from_memory_export('py', 'def g(a: str = "x"): return a')
            assert lib.g() == 'x' and metacall.metacall('f', 1) == 1
            with metacall.intercept(f, lambda call: None):
                f(1)
            metacall.metacall_inspect(), metacall.metacall_host()
            try:
                metacall.metacall('f', 'x')
            except TypeError:
                pass
            print(sorted((heavy & set(sys.modules)) - before))
        ''', '[]\n')

    def test_interpreters(self):
        self.check('''
            try:
                from concurrent import interpreters
            except ImportError:
                print('SKIP no concurrent.interpreters'); sys.exit(0)
            import metacall
            inner = interpreters.create()
            inner.exec('import sys; sys.path[:] = %r' % (sys.path,))
            inner.exec("""if True:
                for _ in range(2):
                    try:
                        import metacall
                    except ImportError as error:
                        assert 'subinterpreters' in str(error), error
                    else:
                        raise SystemError
            """)
            inner.close()
            assert metacall.metacall_load_from_memory_export('py', 'def f(): return 1').f() == 1
            print('done')
        ''')

    def test_threads_of_interpreters(self):
        self.check('''
            try:
                from concurrent.futures import InterpreterPoolExecutor
            except ImportError:
                print('SKIP no InterpreterPoolExecutor'); sys.exit(0)
            import metacall
            def f(a): return a + 1
            seen = []
            with metacall.intercept(f, seen.append), InterpreterPoolExecutor(2) as pool:
                assert list(pool.map(abs, [-1, -2])) == [1, 2]
                assert f(1) == 2 and len(seen) == 1
            print('done')
        ''')

    def test_monitoring(self):
        self.check('''
            if not hasattr(sys, 'monitoring'):
                print('SKIP no sys.monitoring'); sys.exit(0)
            import metacall
            def f(a): return a + 1
            starts = []
            monitor = sys.monitoring
            monitor.use_tool_id(3, 'test')
            start = monitor.events.PY_START
            monitor.register_callback(3, start, lambda code, _: starts.append(code))
            monitor.set_local_events(3, f.__code__, start)
            seen = []
            with metacall.intercept(f, seen.append):
                assert f(1) == 2 and metacall.metacall('f', 2) == 3
            assert f(3) == 4
            assert len(seen) == 2 and starts == [f.__code__] * 3, (seen, starts)
            print('done')
        ''')

    def test_tracing_and_profiling(self):
        self.check('''
            import metacall
            def f(a): return a + 1
            calls = []
            def profile(frame, event, argument):
                if frame.f_code.co_name == 'f':
                    calls.append(event)
            def trace(frame, event, argument):
                return trace if frame.f_code.co_name == 'f' else None
            with metacall.intercept(f, lambda call: None):
                sys.setprofile(profile)
                sys.settrace(trace)
                assert f(1) == 2 and metacall.metacall('f', 2) == 3
                sys.settrace(None)
                sys.setprofile(None)
            assert calls.count('call') in (2, 4) # 3.11: the trampoline too
            print('done')
        ''')

    def test_code_from_another_process(self):
        """PEP 768: the script runs in the main thread, which is busy with the library."""
        if not hasattr(sys, 'remote_exec'):
            self.skipTest('no sys.remote_exec')
        with tempfile.TemporaryDirectory() as folder:
            script = os.path.join(folder, 'script.py')
            with open(script, 'w') as stream:
                stream.write('import __main__, metacall\n'
                             '__main__.got = metacall.metacall("add", 20, 22)\n')
            program = os.path.join(folder, 'program.py')
            with open(program, 'w') as stream:
                stream.write(textwrap.dedent('''
                    import sys, time, metacall
                    got = None
                    def add(a, b): return a + b
                    print('ready', flush=True)
                    until = time.monotonic() + 20
                    while got is None and time.monotonic() < until:
                        metacall.metacall('add', 1, 2)
                    print(got)
                '''))
            child = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True)
            self.assertEqual(child.stdout.readline(), 'ready\n')
            try:
                sys.remote_exec(child.pid, script)
            except (PermissionError, RuntimeError) as error:
                child.kill()
                child.communicate()
                self.skipTest(str(error))
            self.assertEqual(child.communicate(timeout=30)[0], '42\n')

    def test_compiled(self):
        self.check('''
            jit = getattr(sys, '_jit', None)
            if jit is None or not jit.is_available():
                print('SKIP this Python was built without its compiler'); sys.exit(0)
            import metacall
            def f(a): return a + 1
            def loop(count):
                total = 0
                for number in range(count): total += f(number)
                return total
            plain = loop(20000)
            seen = []
            with metacall.intercept(f, lambda call: seen.append(1)):
                assert loop(20000) == plain and len(seen) == 20000
            assert loop(20000) == plain and len(seen) == 20000
            print('done')
        ''', PYTHON_JIT='1')

    def test_free_threaded_builds_are_refused(self):
        """Without one at hand: a process that exports what only such a build has is taken for one."""
        marker = os.environ.get('METACALL_TEST_FREE_THREADED')
        if not marker:
            self.skipTest('no METACALL_TEST_FREE_THREADED')
        self.check('''
            try:
                import metacall
            except ImportError as error:
                assert 'free-threaded' in str(error), error
                print('done')
        ''', LD_PRELOAD=marker)


if __name__ == '__main__':
    unittest.main()
