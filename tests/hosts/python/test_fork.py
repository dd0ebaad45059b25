# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Forks: the child's Python works, a runtime that stayed behind is refused and never hangs."""

import unittest

import support

NODE = '''
import metacall
try:
    lib = metacall.metacall_load_from_memory_export('node', 'module.exports = { one: () => 1 }')
except metacall.LoaderError as error:
    print('SKIP', error); sys.exit(0)
assert lib.one() == 1
'''


class Fork(unittest.TestCase):
    def check(self, code, output='', status=0):
        child = support.run(code, PYTHONWARNINGS='ignore')
        if child.output.startswith('SKIP'):
            self.skipTest(child.output.strip())
        self.assertEqual((child.status, child.output, child.errors), (status, output, ''), child)

    def test_python_goes_on(self):
        self.check('''
            import os, metacall, support
            support.guest()
            def twice(a): return 2 * a
            assert metacall.metacall('guest_call', twice, 1) == 2
            child = os.fork()
            if child == 0:
                assert metacall.metacall('guest_call', twice, 21) == 42
                assert metacall.metacall('twice', 1) == 2
                sys.exit(5)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
            assert metacall.metacall('guest_call', twice, 3) == 6
        ''')

    def test_from_a_callback_with_calls_in_flight(self):
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
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 6
            assert time.monotonic() - began < 1.5
        ''')

    def test_foreign_runtime_is_lost(self):
        self.check(NODE + '''
import os
child = os.fork()
if child == 0:
    for call in (lib.one, lambda: metacall.metacall_load_from_memory('node', '1')):
        try:
            call()
        except metacall.ForkError as error:
            assert 'fork' in str(error), error
        else:
            os._exit(9)
    assert metacall.metacall_load_from_memory_export('py', 'def f(): return 2').f() == 2
    sys.exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
assert lib.one() == 1
''')

    def multiprocessing(self, method):
        self.check('''
            import multiprocessing, metacall
            metacall.metacall_load_from_memory('py', 'def loaded(a): return a')
            def work(number):
                return number + 1
            if __name__ == '__main__':
                with multiprocessing.get_context(%r).Pool(2) as pool:
                    print(pool.map(work, range(4)))
        ''' % method, '[1, 2, 3, 4]\n')

    def test_multiprocessing_fork(self):
        self.multiprocessing('fork')

    def test_multiprocessing_spawn(self):
        self.multiprocessing('spawn')

    def test_multiprocessing_forkserver(self):
        self.multiprocessing('forkserver')

    def test_subprocess(self):
        self.check(NODE + '''
import subprocess
print(subprocess.check_output([sys.executable, '-c', 'print(1)'], text=True).strip())
assert lib.one() == 1
''', '1\n')


if __name__ == '__main__':
    unittest.main()
