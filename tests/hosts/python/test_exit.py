# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Every way that a Python process ends, with each guest loaded: the status is the one that plain
Python would give, nothing is printed that it would not print. And the end while native threads call
in, METACALL_TEST_ROUNDS times each; the ways to end, which hang on less chance, a fifth of that."""

import signal
import unittest

import matrix
import support

FEW = max(1, support.ROUNDS // 5)

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

# In steps: CPython 3.14 does not look for signals between a call with keywords and the next.
WAIT = 'import time; print("ready", flush=True)\nfor _ in range(300): time.sleep(0.1)'

# name: (code, signal, status, standard output, last line of standard error)
ENDINGS = {
    'normal': ('print("end")', None, 0, 'end\n', ''),
    'sys.exit(3)': ('print("end"); sys.exit(3)', None, 3, 'end\n', ''),
    'exception': ('print("end"); 1/0', None, 1, 'end\n', 'ZeroDivisionError: division by zero'),
    'os._exit(4)': ('import os; print("end", flush=True); os._exit(4)', None, 4, 'end\n', ''),
    'SIGINT': (WAIT, signal.SIGINT,
               -signal.SIGINT, 'ready\n', 'KeyboardInterrupt'),
    'SIGINT caught': ('''
import time
try:
    print("ready", flush=True)
    for _ in range(300): time.sleep(0.1)
except KeyboardInterrupt:
    print("caught")
''', signal.SIGINT, 0, 'ready\ncaught\n', ''),
    'SIGTERM': (WAIT, signal.SIGTERM,
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


def check(child, status, output, error):
    """Raises AssertionError with all that the child wrote, unless it ended as it should."""
    lines = child.errors.strip().splitlines()
    if (child.status, child.output, lines[-1] if lines else '') != (status, output, error):
        raise AssertionError('expected status %r, output %r, last line %r, got %r' % (
            status, output, error, child))


def ending(name, guest):
    code, number, status, output, error = ENDINGS[name]
    if guest in ('mock', 'node') and not support.has_loader(guest):
        raise unittest.SkipTest('the %s loader is not built' % guest)
    rounds = FEW if guest not in ('none', 'metacall') else 1
    for _ in range(rounds):
        child = support.run(GUESTS[guest] + '\n' + code, signal=number)
        if 'LoaderError' in child.errors:
            raise unittest.SkipTest(child.errors.strip().splitlines()[-1])
        check(child, status, output, error)
    return '%s, %d x' % (status, rounds)


class Exit(unittest.TestCase):
    maxDiff = None


matrix.Table('status at the end', ENDINGS, GUESTS, ending).add_tests(Exit)


CALLERS = {
    'native threads': """
import time, metacall, support
guest = support.guest()
def add(a, b): return a + b
assert guest.guest_threads_start(b'add', 4) == 0
while guest.guest_threads_calls() < 100: time.sleep(0.001)
assert guest.guest_threads_wrong() == 0
""",
    'intercepted': """
import time, metacall, support
guest = support.guest()
def add(a, b): return a + b
metacall.intercept(add, lambda call: None, lambda call: None)
assert guest.guest_threads_start(b'add', 4) == 0
while guest.guest_threads_calls() < 100: time.sleep(0.001)
assert guest.guest_threads_wrong() == 0
""",
}
LAST = {'normal': ('pass', 0, ''), 'sys.exit(3)': ('sys.exit(3)', 3, ''),
        'exception': ('1/0', 1, 'ZeroDivisionError: division by zero')}


def threads(name, callers):
    code, status, error = LAST[name]
    for _ in range(support.ROUNDS):
        check(support.run(CALLERS[callers] + code), status, '', error)
    return '%d, %d x' % (status, support.ROUNDS)


class Threads(unittest.TestCase):
    """Native threads call in while the interpreter ends."""


matrix.Table('4 threads call in', LAST, CALLERS, threads).add_tests(Threads)


class DaemonThreads(unittest.TestCase):
    """Threads of Python that are inside of Node when the interpreter ends."""

    def test_node(self):
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
