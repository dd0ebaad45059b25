# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""A real free-threaded build of CPython, METACALL_TEST_FREE_THREADED_PYTHON: as a host and as a
guest it is refused in words, nothing of it crashes, and its lock stays off."""

import glob
import json
import os
import shutil
import subprocess
import tempfile
import textwrap
import unittest

STAGE = os.environ['METACALL_STAGE_DIR']
PYTHON = os.environ['METACALL_TEST_FREE_THREADED_PYTHON']
PORT = os.path.join(STAGE, 'lib', 'metacall', 'ports', 'python')
NODE_PORT = os.path.join(STAGE, 'lib', 'metacall', 'ports', 'node')
COMMAND = os.path.join(STAGE, 'bin', 'metacall-registry')
RUNNER = os.path.join(STAGE, 'bin', 'metacall')

if not os.access(PYTHON, os.X_OK):
    raise unittest.SkipTest('there is no %s (tools/setup --free-threaded)' % PYTHON)

PREFIX = os.path.dirname(os.path.dirname(PYTHON))
LIBRARY = (glob.glob(PREFIX + '/lib/libpython3.*t.so.1.0') or [None])[0]
VERSION = subprocess.check_output(
    [PYTHON, '-c', 'import sys; print(sys.version.split()[0])'], text=True).strip()

# What is refused, said by what was found and what to do.
REFUSED = r'free-threaded build.*%s.*use the standard build of the same version'


class FreeThreaded(unittest.TestCase):
    def setUp(self):
        self.folder = os.path.realpath(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.folder)

    def environment(self, **names):
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(('PYTHON', 'METACALL_'))
                and name not in ('VIRTUAL_ENV', 'CONDA_PREFIX')}
        return {**kept, 'PYTHONPATH': PORT, 'NODE_PATH': NODE_PORT, **names}

    def run_in(self, *command, status=0, **names):
        done = subprocess.run(command, text=True, timeout=60, cwd=self.folder,
                              env=self.environment(**names), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, status, done)
        return done

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, 'w') as stream:
            stream.write(textwrap.dedent(text))
        return path


class Host(FreeThreaded):
    def check(self, text, *options, **names):
        """Runs a program of that Python that prints `done`, and not a word else."""
        done = self.run_in(PYTHON, *options, '-c', textwrap.dedent(text), **names)
        self.assertEqual((done.stdout, done.stderr), ('done\n', ''))

    def test_import(self):
        program = '''
            import re, sys
            lock = sys._is_gil_enabled()
            for _ in range(3):
                try:
                    import metacall
                except ImportError as error:
                    assert re.search(%r, str(error)), error
                    assert sys.executable in str(error) and error.name == 'metacall', error
                else:
                    raise AssertionError('it was imported')
                assert sys._is_gil_enabled() == lock
                assert not [name for name in sys.modules if name.startswith('metacall')]
            print('done')
        ''' % (REFUSED % VERSION)
        self.check(program)
        self.check(program, '-X', 'gil=1')
        self.check(program, PYTHON_GIL='0')

    def test_import_in_many_threads(self):
        self.check('''
            import sys, threading
            said = []
            start = threading.Barrier(8)
            def load():
                start.wait()
                try:
                    import metacall
                except ImportError as error:
                    said.append(str(error))
                else: # CPython hands out what another thread just failed to import
                    said.append('' if hasattr(metacall, 'metacall') else 'free-threaded')
            threads = [threading.Thread(target=load) for _ in range(8)]
            for thread in threads: thread.start()
            for thread in threads: thread.join()
            assert len(said) == 8 and all('free-threaded' in text for text in said), said
            assert not sys._is_gil_enabled()
            print('done')
        ''')

    def test_door_by_itself(self):
        [door] = glob.glob(PORT + '/metacall/_metacall*.so')
        self.check('''
            import importlib.machinery, importlib.util, re, sys
            loader = importlib.machinery.ExtensionFileLoader('_metacall', %r)
            spec = importlib.util.spec_from_loader('_metacall', loader)
            try:
                importlib.util.module_from_spec(spec)
            except ImportError as error:
                assert re.search(%r, str(error)), error
                assert not sys._is_gil_enabled()
                print('done')
        ''' % (door, REFUSED % VERSION))

    def test_module_as_program(self):
        script = self.write('script.py', 'print("it ran")')
        done = self.run_in(PYTHON, '-m', 'metacall', script, status=1)
        self.assertEqual(done.stdout, '')
        self.assertRegex(done.stderr, REFUSED % VERSION)

    def test_library_without_the_door(self):
        """A program that opens libmetacall by itself, and no plugin may bind to what it is."""
        if subprocess.call([PYTHON, '-c', 'import ctypes'], stderr=subprocess.DEVNULL):
            self.skipTest('this Python was built without ctypes')
        self.check('''
            import ctypes, sys
            library = ctypes.CDLL(%r)
            assert library.metacall_initialize() == 0
            text = b'def f(): return 1'
            assert library.metacall_load_from_memory(b'py', text, len(text) + 1, None) != 0
            registry = ctypes.c_void_p()
            assert library.metacall_registry_open(None, ctypes.byref(registry)) == 0
            library.metacall_registry_explain_json.restype = ctypes.c_char_p
            told = library.metacall_registry_explain_json(registry, b'py').decode()
            import json
            outcome = json.loads(told)['outcome']
            assert outcome['strategy'] is None, outcome
            assert 'free-threaded build' in outcome['reason'], outcome
            library.metacall_registry_close(registry)
            assert not sys._is_gil_enabled()
            print('done')
        ''' % os.path.join(STAGE, 'lib', 'libmetacall.so.1'))

    def test_seen_from_outside(self):
        program = 'import sys; print(1, flush=True); sys.stdin.read()'
        process = subprocess.Popen([PYTHON, '-c', program], text=True, stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        self.addCleanup(process.communicate)
        process.stdout.readline()
        done = self.run_in(COMMAND, 'detect', '--pid', str(process.pid), '--json')
        told = json.loads(done.stdout)
        self.assertEqual([(each['tag'], each['version']) for each in told['runtimes']],
                         [('py', VERSION)])
        self.assertEqual([(each['id'], each['owner']) for each in told['names']],
                         [('free-threaded', LIBRARY or PYTHON)])


@unittest.skipUnless(LIBRARY, 'this Python is not over a shared libpython')
class Guest(FreeThreaded):
    def rejections(self, **names):
        told = json.loads(self.run_in(COMMAND, 'explain', 'py', '--json', **names).stdout)
        return {step['subject']: step['reason'] for step in told['steps']
                if (step['stage'], step['verdict']) == ('runtime', 'rejected')}

    def test_named_by_the_variable(self):
        self.assertIn('free-threaded build',
                      self.rejections(METACALL_PY_LIBRARY=LIBRARY)[LIBRARY])

    def test_under_another_name(self):
        """Neither the name of the file nor the SONAME has to give it away."""
        path = os.path.join(self.folder, 'libpython3.13.so.1.0')
        shutil.copy(LIBRARY, path)
        self.assertIn('free-threaded build', self.rejections(METACALL_PY_LIBRARY=path)[path])
        if not shutil.which('patchelf'):
            self.skipTest('there is no patchelf')
        subprocess.check_call(['patchelf', '--set-soname', os.path.basename(path), path])
        self.assertIn('free-threaded build', self.rejections(METACALL_PY_LIBRARY=path)[path])

    def test_found_by_its_program(self):
        os.symlink(PYTHON, os.path.join(self.folder, 'python3'))
        rejected = self.rejections(PATH=self.folder + ':/usr/bin:/bin')
        self.assertIn('free-threaded build', rejected.get(LIBRARY, ''), rejected)

    def test_in_the_runner(self):
        script = self.write('script.py', 'print("it ran")')
        done = self.run_in(RUNNER, script, status=1, METACALL_PY_LIBRARY=LIBRARY)
        self.assertEqual(done.stdout, '')
        self.assertIn('free-threaded build', done.stderr)

    def test_in_node(self):
        node = shutil.which('node')
        if not node or not os.path.exists(NODE_PORT):
            self.skipTest('there is no node')
        self.write('script.py', 'def f(): return 1')
        script = self.write('main.js', '''
            const { metacall_load_from_file } = require('metacall');
            try {
              metacall_load_from_file('py', ['script.py']);
            } catch (error) {
              console.log(/free-threaded build/.test(error.message) ? 'done' : error.message);
            }
        ''')
        done = self.run_in(node, script, METACALL_PY_LIBRARY=LIBRARY)
        self.assertEqual((done.stdout, done.stderr), ('done\n', ''))


if __name__ == '__main__':
    unittest.main()
