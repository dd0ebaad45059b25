# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Python threads and native threads, all at once; nobody keeps the lock while a guest works."""

import threading
import time
import unittest

import metacall
import support

guest = support.guest()
LIB = metacall.metacall_load_from_memory_export('py', 'def add(a, b): return a + b')


def native_add(a, b):
    return a + b


class Threads(unittest.TestCase):
    def crowd(self, work, count=8):
        failures = []

        def run(number):
            try:
                work(number)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            self.assertFalse(thread.is_alive())
        self.assertEqual(failures, [])

    def test_python_threads(self):
        def work(number):
            for i in range(500):
                assert LIB.add(number, i) == number + i
                assert metacall.metacall('guest_echo', [number, i]) == [number, i]
                assert metacall.metacall('guest_call', lambda x: x + number, i) == i + number
        self.crowd(work)

    def test_errors_stay_with_their_thread(self):
        def work(number):
            for i in range(200):
                try:
                    metacall.metacall('guest_throw', 'Error', '%d-%d' % (number, i))
                except metacall.ForeignError as error:
                    assert str(error) == '%d-%d' % (number, i)
                else:
                    raise AssertionError
        self.crowd(work)

    def test_loads(self):
        def work(number):
            for i in range(20):
                lib = metacall.metacall_load_from_memory_export(
                    'py', 'def f(): return %d' % (number * 100 + i))
                assert lib.f() == number * 100 + i
        self.crowd(work)

    def test_native_threads(self):
        metacall.metacall_load_from_memory('py', 'def native_add(a, b): return a + b')
        before = guest.guest_threads_calls()
        self.assertEqual(guest.guest_threads_start(b'native_add', 8), 0)
        deadline = time.monotonic() + 30
        while guest.guest_threads_calls() < before + 20000 and time.monotonic() < deadline:
            LIB.add(1, 2)
            time.sleep(0.001)
        import ctypes
        # Not PyDLL: the lock must be free while it waits.
        stop = ctypes.CDLL(support.GUEST).guest_threads_stop
        stop.restype = ctypes.c_long
        self.assertGreaterEqual(stop(), before + 20000)
        self.assertEqual(guest.guest_threads_wrong(), 0)

    def test_the_lock_is_free_during_a_call(self):
        ticks = []
        stop = threading.Event()

        def tick():
            while not stop.is_set():
                ticks.append(1)
                time.sleep(0.005)

        thread = threading.Thread(target=tick)
        thread.start()
        metacall.metacall('guest_sleep', 300)
        stop.set()
        thread.join()
        self.assertGreater(len(ticks), 2) # one, if the lock were held

    def test_callback_into_a_thread_that_waits(self):
        def inner():
            return metacall.metacall('guest_call0', lambda: threading.get_ident())
        self.assertEqual(metacall.metacall('guest_call0', inner), threading.get_ident())


if __name__ == '__main__':
    unittest.main()
