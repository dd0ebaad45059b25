# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Forks: the child's Python works, a runtime that stayed behind is refused and never hangs, and the
child's status is its own. A new process (spawn) has all of it anew."""

import textwrap
import unittest

import matrix
import support

# Each guest defines foreign(), a call into its runtime that gives 42.
GUESTS = {
    'py': '''
import metacall
metacall.metacall_load_from_memory('py', 'def loaded(): return 42')
def foreign(): return metacall.metacall('loaded')
''',
    'c': '''
import metacall, support
support.guest()
def foreign(): return metacall.metacall('guest_call', lambda n: n, 42)
''',
    'mock': '''
import metacall
metacall.metacall_load_from_memory('mock', 'long twice(long n) = n * 2')
def foreign(): return metacall.metacall('twice', 21)
''',
    'node': '''
import metacall
metacall.metacall_load_from_memory('node', 'module.exports = { answer: () => 42 }')
def foreign(): return metacall.metacall('answer')
''',
}
STAYS_BEHIND = ('mock', 'node') # runtimes that the loader started

WORK = '''
import os, signal, sys, threading
def work(_=None):
    """What the child can do: its own Python, and the guest."""
    assert metacall.metacall('guest_function', 20) == 21
    try:
        return foreign()
    except metacall.ForkError as error:
        assert 'fork' in str(error), error
        return 'ForkError'
def guest_function(number): return number + 1
def said(status, pipe):
    text = os.fdopen(pipe[0]).read()
    return text, os.waitstatus_to_exitcode(status) if hasattr(
        os, 'waitstatus_to_exitcode') else os.WEXITSTATUS(status)
def forked(fork=os.fork, leave=os._exit):
    pipe = os.pipe()
    child = fork()
    if child == 0:
        os.write(pipe[1], str(work()).encode())
        leave(7)
    os.close(pipe[1])
    return said(os.waitpid(child, 0)[1], pipe)
def pool(method):
    import multiprocessing
    with multiprocessing.get_context(method).Pool(2) as workers:
        return '/'.join(sorted({str(each) for each in workers.map(work, range(4))})), 7
def says(sender):
    sender.send(str(work()))
    sys.exit(7)
def process(method):
    import multiprocessing
    context = multiprocessing.get_context(method)
    receiver, sender = context.Pipe(False)
    child = context.Process(target=says, args=(sender,))
    child.start()
    text = receiver.recv()
    child.join()
    return text, child.exitcode
'''

# way: (code that sets `result` to what the child said and its status, is it a fork)
WAYS = {
    'os.fork, sys.exit': ('result = forked(leave=sys.exit)', True),
    'os.fork, os._exit': ('result = forked()', True),
    'os.fork, child forks': ('''
def twice():
    child = os.fork()
    if child == 0 and os.fork() != 0: # the child in between
        os._exit(os.WEXITSTATUS(os.wait()[1]))
    return child
result = forked(twice)''', True),
    'os.fork in a thread': ('''
results = []
thread = threading.Thread(target=lambda: results.append(forked()))
thread.start()
thread.join()
result = results[0]''', True),
    'os.fork in a callback': ('''
import support
support.guest()
result = forked(lambda: metacall.metacall('guest_call0', os.fork))''', True),
    'os.forkpty': ('''
def fork():
    child, terminal = os.forkpty()
    return child
result = forked(fork)''', True),
    'Process, fork': ('result = process("fork")', True),
    'Process, spawn': ('result = process("spawn")', False),
    'Pool, fork': ('result = pool("fork")', True),
    'Pool, spawn': ('result = pool("spawn")', False),
    'Pool, forkserver': ('result = pool("forkserver")', 'server'),
    'subprocess': ('''
import subprocess
done = subprocess.run([sys.executable, '-c', 'import sys; sys.path[:] = %r' % (sys.path,) +
    GUEST + WORK + 'print(work(), end=""); sys.exit(7)'], stdout=subprocess.PIPE, text=True)
result = done.stdout, done.returncode''', False),
}


def expected(way, guest):
    """What the child may answer. A fork server loads the main module first since 3.14, and forks
    afterwards; before that each child loads it."""
    kind = WAYS[way][1]
    if guest not in STAYS_BEHIND or not kind:
        return ('42',)
    return ('ForkError',) if kind is True else ('42', 'ForkError')


def cell(way, guest):
    if guest in ('mock', 'node') and not support.has_loader(guest):
        raise unittest.SkipTest('the %s loader is not built' % guest)
    load = 'GUEST, WORK = %r, %r\n' % (GUESTS[guest], WORK) + GUESTS[guest] + WORK
    child = support.run(load + '''
if __name__ == '__main__':
%s
    assert str(foreign()) == '42' # the parent has lost nothing
    print(*result)
''' % textwrap.indent(WAYS[way][0].strip(), '    '), PYTHONWARNINGS='ignore')
    if 'LoaderError' in child.errors:
        raise unittest.SkipTest(child.errors.strip().splitlines()[-1])
    answers = ['%s 7\n' % each for each in expected(way, guest)]
    if child.status != 0 or child.output not in answers or child.errors:
        raise AssertionError('expected %r, got %r' % (answers, child))
    return child.output.strip().replace(' 7', ', 7')


class Ways(unittest.TestCase):
    pass


matrix.Table('what a child gets, its status', WAYS, GUESTS, cell).add_tests(Ways)


class Fork(unittest.TestCase):
    def check(self, code, output='', status=0):
        child = support.run(code, PYTHONWARNINGS='ignore')
        if child.output.startswith('SKIP'):
            self.skipTest(child.output.strip())
        self.assertEqual((child.status, child.output, child.errors), (status, output, ''), child)

    def test_calls_in_flight(self):
        self.check('''
            import os, threading, time, metacall, support
            support.guest()
            for _ in range(4):
                threading.Thread(target=lambda: metacall.metacall('guest_call', time.sleep, 0.5),
                                 daemon=True).start()
            time.sleep(0.1)
            def fork():
                return os.fork()
            child = metacall.metacall('guest_call0', fork)
            if child == 0:
                sys.exit(6)
            began = time.monotonic()
            assert os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 6
            assert time.monotonic() - began < 1.5
        ''')

    def test_loading_in_the_child(self):
        self.check('''
            import os, metacall
            try:
                metacall.metacall_load_from_memory('node', '1')
            except metacall.LoaderError as error:
                print('SKIP', error); sys.exit(0)
            child = os.fork()
            if child == 0:
                try:
                    metacall.metacall_load_from_memory('node', '1')
                except metacall.ForkError as error:
                    assert 'fork' in str(error), error
                lib = metacall.metacall_load_from_memory_export('py', 'def f(): return 2')
                sys.exit(lib.f())
            assert os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 2
        ''')

    def test_load_after_the_fork(self):
        self.check('''
            import os, metacall
            child = os.fork()
            if child == 0:
                try:
                    lib = metacall.metacall_load_from_memory_export(
                        'node', 'module.exports = { two: () => 2 }')
                except metacall.LoaderError:
                    os._exit(77)
                sys.exit(lib.two())
            status = os.WEXITSTATUS(os.waitpid(child, 0)[1])
            if status == 77:
                print('SKIP no node'); sys.exit(0)
            assert status == 2, status
        ''')

    def test_many_forks_while_threads_call(self):
        self.check('''
            import os, time, metacall, support
            guest = support.guest()
            def add(a, b): return a + b
            assert guest.guest_threads_start(b'add', 4) == 0
            for _ in range(50):
                child = os.fork()
                if child == 0:
                    assert metacall.metacall('add', 1, 2) == 3
                    os._exit(5)
                assert os.WEXITSTATUS(os.waitpid(child, 0)[1]) == 5
            assert guest.guest_threads_wrong() == 0
        ''')


if __name__ == '__main__':
    unittest.main()
