# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Python inside a C program: the same Python as its own program, and a guest that behaves."""

import glob
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest

EMBED = os.environ['METACALL_TEST_EMBED']


def pythons():
    """(library, program) of every shared CPython here."""
    found = []
    for minor in range(9, 15):
        for library in sorted(
                glob.glob('/usr/lib/*/libpython3.%d.so.1.0' % minor)
                + glob.glob(os.path.expanduser(
                    '~/.pyenv/versions/3.%d.*/lib/libpython3.%d.so.1.0' % (minor, minor)))):
            prefix = library.split('/lib/')[0] if '/.pyenv/' in library else '/usr'
            program = '%s/bin/python3.%d' % (prefix, minor)
            if os.path.exists(program):
                found.append((library, program))
    return found


PYTHONS = pythons()
FACTS = '''
import json, sys
def facts():
    return [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.executable, sys.version,
            [each for each in sys.path if 'ports/python' not in each and each != FOLDER]]
def modules():
    import ctypes, hashlib, sqlite3, ssl, zlib, threading, decimal, lzma, bz2
    return [hashlib.sha256(b'').hexdigest()[:8],
            threading.main_thread() is threading.current_thread()]
'''


class Embedded(unittest.TestCase):
    def setUp(self):
        if not PYTHONS:
            self.skipTest('no shared CPython on this machine')
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def run_embed(self, text, *functions, library=None, **environment):
        script = os.path.join(self.folder, 'embedded.py')
        with open(script, 'w') as stream:
            stream.write(text.replace('FOLDER', repr(self.folder)))
        names = {**os.environ, 'METACALL_PY_LIBRARY': library or PYTHONS[-1][0], **environment}
        for name in ('PYTHONPATH', 'PYTHONHOME', 'PYTHONDONTWRITEBYTECODE'):
            names.pop(name, None)
        done = subprocess.run([EMBED, script, *functions], text=True, timeout=60, env=names,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 5, done)
        return done

    def test_same_python(self):
        for library, program in PYTHONS:
            done = self.run_embed(FACTS, 'facts', 'modules', library=library)
            lines = done.stdout.splitlines()
            self.assertEqual(done.stderr, '')
            facts = json.loads(subprocess.check_output(
                [program, '-c', FACTS.replace('FOLDER', "''") + '\nprint(json.dumps(facts()))'],
                text=True, cwd='/'))
            self.assertEqual(json.loads(lines[0]), facts, library)
            self.assertEqual(json.loads(lines[1]), ['e3b0c442', True])
            self.assertEqual(lines[2], 'destroyed')
            self.assertIn('again failed', lines[3])

    def test_virtual_environment(self):
        environment = os.path.join(self.folder, 'venv')
        library, program = PYTHONS[-1]
        subprocess.run([program, '-m', 'venv', '--without-pip', environment], check=True)
        done = self.run_embed('import sys\ndef prefix(): return sys.prefix\n', 'prefix',
                              METACALL_PY_LIBRARY='', VIRTUAL_ENV=environment)
        self.assertEqual(json.loads(done.stdout.splitlines()[0]), environment, done)

    def test_buffered_output_is_not_lost(self):
        for names in ({}, {'METACALL_EMBED_FORGET': '1'}):
            done = self.run_embed('''
import atexit, sys
stream = open(FOLDER + '/written', 'w')
stream.write('kept')
atexit.register(print, 'atexit ran')
def say(): print('buffered', end='')
''', 'say', **names)
            self.assertIn('buffered', done.stdout)
            self.assertIn('atexit ran', done.stdout)
            with open(os.path.join(self.folder, 'written')) as stream:
                self.assertEqual(stream.read(), 'kept')

    def test_system_exit_is_an_error(self):
        done = self.run_embed('''
import sys
def leave(): sys.exit(3)
def goes_on(): return 'on'
''', 'leave', 'goes_on')
        self.assertIn('leave failed', done.stdout)
        self.assertIn('"on"', done.stdout)

    def test_system_exit_in_the_script(self):
        done = self.run_embed('import sys\nsys.exit(3)\n')
        self.assertIn('load failed', done.stdout)
        self.assertIn('destroyed', done.stdout)

    def test_errors_have_a_traceback(self):
        done = self.run_embed('def inner(): return 1/0\ndef outer(): return inner()\n', 'outer')
        self.assertIn('ZeroDivisionError: division by zero', done.stdout)
        self.assertIn('in outer', done.stdout)
        self.assertIn('return 1/0', done.stdout)

    def test_no_signal_handlers(self):
        done = self.run_embed('''
def handlers():
    with open('/proc/self/status') as status:
        return [line.split()[1] for line in status if line.startswith('SigCgt')][0]
''', 'handlers')
        self.assertEqual(json.loads(done.stdout.splitlines()[0]), '0' * 16)

    def test_a_thread_that_never_ends(self):
        began = time.monotonic()
        done = self.run_embed('''
import threading, time
def start():
    threading.Thread(target=time.sleep, args=(60,)).start()
    print('started', end=' ')
''', 'start')
        self.assertIn('started', done.stdout)
        self.assertIn('destroyed', done.stdout)
        self.assertLess(time.monotonic() - began, 15)

    def test_threads_that_end_are_awaited(self):
        done = self.run_embed('''
import concurrent.futures, threading, time
pool = concurrent.futures.ThreadPoolExecutor(2)
def start():
    pool.submit(time.sleep, 0.01)
    threading.Thread(target=lambda: (time.sleep(0.3), print('thread ended'))).start()
''', 'start')
        self.assertIn('thread ended', done.stdout)

    def test_other_threads(self):
        done = self.run_embed('''
import threading
def who(): return threading.current_thread() is threading.main_thread()
''', 'who', '@who', '@who', 'who')
        self.assertEqual(done.stdout.splitlines()[:4], ['true', 'false', 'false', 'true'])

    def test_port_in_the_guest(self):
        done = self.run_embed('''
import metacall
def other(): return 'found'
def through(): return metacall.metacall('other')
''', 'through')
        self.assertEqual(done.stdout.splitlines()[0], '"found"', done)

    def test_c_locale(self):
        done = self.run_embed('import sys\n'
                              'def show(): print("\\u00e9"); return sys.stdout.encoding\n',
                              'show', LC_ALL='C', LANG='C')
        self.assertIn('utf-8', done.stdout)
        self.assertIn('\u00e9', done.stdout)


if __name__ == '__main__':
    unittest.main()
