# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Python inside a C program: its errors, its end, threads of the program, the port in it. What holds
in every host is in test_guest.py."""

import os
import shutil
import subprocess
import tempfile
import unittest

import pythons

EMBED = os.environ['METACALL_TEST_EMBED']
PYTHONS = pythons.shared()


class Embedded(unittest.TestCase):
    def setUp(self):
        if not PYTHONS:
            self.skipTest('no shared CPython on this machine')
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def run_embed(self, text, *functions, library=None, **environment):
        script = os.path.join(self.folder, 'embedded.py')
        with open(script, 'w') as stream:
            stream.write(text)
        names = {**os.environ, 'METACALL_PY_LIBRARY': library or PYTHONS[-1][0], **environment}
        for name in ('PYTHONPATH', 'PYTHONHOME', 'PYTHONDONTWRITEBYTECODE'):
            names.pop(name, None)
        done = subprocess.run([EMBED, script, *functions], text=True, timeout=60, env=names,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 5, done)
        return done

    def test_ended_once(self):
        for library, _ in PYTHONS:
            lines = self.run_embed('def answer(): return 42\n', 'answer',
                                   library=library).stdout.splitlines()
            self.assertEqual(lines[:2], ['42', 'destroyed'])
            self.assertRegex(lines[2], 'again failed: .*has been finalised; CPython cannot')

    def test_errors_have_a_traceback(self):
        done = self.run_embed('def inner(): return 1/0\ndef outer(): return inner()\n', 'outer')
        self.assertIn('ZeroDivisionError: division by zero', done.stdout)
        self.assertIn('in outer', done.stdout)
        self.assertIn('return 1/0', done.stdout)

    def test_other_threads(self):
        done = self.run_embed('''
import threading
def who(): return threading.current_thread() is threading.main_thread()
''', 'who', '@who', '@who', 'who')
        self.assertEqual(done.stdout.splitlines()[:4], ['true', 'false', 'false', 'true'])

    def test_interception(self):
        for library, _ in PYTHONS:
            done = self.run_embed('''
import metacall
seen = []
def add(a=1, b=2): return a + b
def on():
    global hooks
    hooks = metacall.intercept(add, lambda call: seen.append(call.args))
    return hooks.scope
def calls(): return [add(3, 4), len(seen)]
def off():
    hooks.remove()
    return calls()
''', 'on', 'calls', 'add', '@add', 'calls', 'off', 'on', 'add', library=library)
            self.assertEqual(done.stdout.splitlines()[:8],
                             ['"all"', '[7,1]', '3', '3', '[7,4]', '[7,4]', '"all"', '3'], library)
            self.assertIn('destroyed', done.stdout)

    def test_port_in_the_guest(self):
        done = self.run_embed('''
import metacall
def other(): return 'found'
def through(): return metacall.metacall('other')
''', 'through')
        self.assertEqual(done.stdout.splitlines()[0], '"found"', done)


if __name__ == '__main__':
    unittest.main()
