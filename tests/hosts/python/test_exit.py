# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Every way that a Python process ends, with each guest loaded: the status is the one that plain
Python would give, nothing is printed that it would not print. METACALL_TEST_ROUNDS runs of each."""

import signal
import unittest

import support

GUESTS = {
    'none': 'pass',
    'metacall': 'import metacall',
    'py': '''
import metacall
metacall.metacall_load_from_memory('py', 'def guest(): return 1')
metacall.metacall('guest')
''',
    'mock': '''
import metacall
metacall.metacall_load_from_memory('mock', 'long twice(long n) = n * 2')
assert metacall.metacall('twice', 21) == 42
''',
    'node': '''
import metacall
metacall.metacall_load_from_memory('node', 'module.exports = { guest: () => 1 }')
assert metacall.metacall('guest') == 1
''',
}

# name: (code, signal, status, standard output, last line of standard error)
ENDINGS = {
    'normal': ('print("end")', None, 0, 'end\n', ''),
    'sys.exit(3)': ('print("end"); sys.exit(3)', None, 3, 'end\n', ''),
    'exception': ('print("end"); 1/0', None, 1, 'end\n', 'ZeroDivisionError: division by zero'),
    'os._exit(4)': ('import os; print("end", flush=True); os._exit(4)', None, 4, 'end\n', ''),
    'SIGINT': ('import time; print("ready", flush=True); time.sleep(30)', signal.SIGINT,
               -signal.SIGINT, 'ready\n', 'KeyboardInterrupt'),
    'SIGINT caught': ('''
import time
try:
    print("ready", flush=True)
    time.sleep(30)
except KeyboardInterrupt:
    print("caught")
''', signal.SIGINT, 0, 'ready\ncaught\n', ''),
    'SIGTERM': ('import time; print("ready", flush=True); time.sleep(30)', signal.SIGTERM,
                -signal.SIGTERM, 'ready\n', ''),
    'atexit calls': ('''
import atexit
def last():
    print("last", metacall.metacall("last_words") if "metacall" in globals() else "")
def last_words(): return ""
atexit.register(last)
''', None, 0, 'last \n', ''),
    'thread': ('''
import threading, time
threading.Thread(target=lambda: (time.sleep(0.05), print("thread"))).start()
''', None, 0, 'thread\n', ''),
}


class Exit(unittest.TestCase):
    maxDiff = None


def ending(guest, name):
    code, number, status, output, error = ENDINGS[name]

    def test(self):
        if guest in ('mock', 'node') and not support.has_loader(guest):
            self.skipTest('the %s loader is not built' % guest)
        for _ in range(support.ROUNDS if guest not in ('none', 'metacall') else 2):
            child = support.run(GUESTS[guest] + '\n' + code, signal=number)
            if 'LoaderError' in child.errors:
                self.skipTest(child.errors.strip().splitlines()[-1])
            self.assertEqual((child.status, child.output), (status, output), child)
            lines = child.errors.strip().splitlines()
            self.assertEqual(lines[-1] if lines else '', error, child)
    return test


for _guest in GUESTS:
    for _name in ENDINGS:
        setattr(Exit, 'test_%s: %s' % (_guest, _name), ending(_guest, _name))


class Threads(unittest.TestCase):
    """Native threads call in while the interpreter ends."""

    def ends(self, code, status):
        for _ in range(support.ROUNDS):
            child = support.run('''
                import time, metacall, support
                guest = support.guest()
                def add(a, b): return a + b
                assert guest.guest_threads_start(b'add', 4) == 0
                while guest.guest_threads_calls() < 100: time.sleep(0.001)
                assert guest.guest_threads_wrong() == 0
            ''' + '\n                ' + code)
            self.assertEqual((child.status, child.output), (status, ''), child)

    def test_normal(self):
        self.ends('pass', 0)

    def test_exit(self):
        self.ends('sys.exit(3)', 3)

    def test_exception(self):
        self.ends('1/0', 1)

    def test_daemon_threads_inside_node(self):
        if not support.has_loader('node'):
            self.skipTest('the node loader is not built')
        for _ in range(support.ROUNDS):
            child = support.run('''
                import threading, time, metacall
                try:
                    lib = metacall.metacall_load_from_memory_export('node', """
                        module.exports = { add: (a, b) => a + b, call: (f, x) => f(x) }""")
                except metacall.LoaderError as error:
                    print('SKIP', error); sys.exit(0)
                def work(number):
                    i = 0
                    while True:
                        i += 1
                        try:
                            assert lib.add(i, number) == i + number
                            assert lib.call(lambda x: x + 1, i) == i + 1
                        except metacall.StateError:
                            time.sleep(0.001)
                for number in range(4):
                    threading.Thread(target=work, args=(number,), daemon=True).start()
                time.sleep(0.05)
            ''')
            if child.output.startswith('SKIP'):
                self.skipTest(child.output.strip())
            self.assertEqual((child.status, child.output, child.errors), (0, '', ''), child)


if __name__ == '__main__':
    unittest.main()
