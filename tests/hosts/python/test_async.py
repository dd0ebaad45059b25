# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Futures: of other languages in asyncio and in threads, coroutines as others see them."""

import asyncio
import concurrent.futures
import contextvars
import gc
import signal
import sys
import threading
import time
import unittest
import weakref

import metacall
import support
from test_objects import (ASYNC_ITERABLE, ASYNC_ITERATE, ASYNC_ITERATOR, ASYNC_NEXT, ASYNC_RETURN,
                          Foreign, ask)

support.guest()


def future(number=0):
    return metacall.metacall('guest_future', number)


def settle(value, number=0, delay=0, last=None):
    metacall.metacall('guest_settle', number, number + 1 if last is None else last, delay, value)


def wait(awaitable, timeout=5000):
    """What a thread of another language gets that waits for it."""
    return metacall.metacall('guest_wait', awaitable, timeout)


class Await(unittest.TestCase):
    def test_settled_before(self):
        async def main():
            pending = future()
            settle({'a': 1})
            return await pending

        self.assertEqual(asyncio.run(main()), {'a': 1})

    def test_settled_later_by_a_thread(self):
        async def main():
            pending = future()
            settle([1, 'two'], delay=20)
            start = time.monotonic()
            result = await pending
            self.assertGreater(time.monotonic() - start, 0.01)
            self.assertIs(await pending, result)
            return result

        self.assertEqual(asyncio.run(main()), [1, 'two'])

    def test_rejected(self):
        mine = KeyError('mine')

        async def main():
            pending = future()
            settle(mine, delay=5)
            with self.assertRaises(KeyError) as caught:
                await pending
            self.assertIs(caught.exception, mine)
            self.assertIs(pending.exception(), mine)
            first, second = future(0), future(1)
            settle(ValueError('either'), number=1, delay=1)
            with self.assertRaises(ValueError):
                await asyncio.gather(first, second)

        asyncio.run(main())

    def test_many_at_once(self):
        async def main():
            pending = [future(number) for number in range(1000)]
            settle('all', last=1000, delay=10)
            results = await asyncio.gather(*pending)
            self.assertEqual(results, ['all'] * 1000)
            pending = [future(number) for number in range(1000)]
            tasks = [asyncio.ensure_future(each) for each in pending]
            await asyncio.sleep(0)
            for number in reversed(range(1000)):
                settle(number, number=number)
            self.assertEqual(await asyncio.gather(*tasks), list(range(1000)))

        asyncio.run(main())

    def test_loop_runs_meanwhile(self):
        async def main():
            ticks = 0
            pending = future()
            settle(1, delay=50)
            task = asyncio.ensure_future(pending)
            while not task.done():
                await asyncio.sleep(0.001)
                ticks += 1
            return ticks

        self.assertGreater(asyncio.run(main()), 5)

    def test_loop_after_loop(self):
        async def main():
            pending = future()
            settle('again', delay=2)
            return await pending

        for _ in range(5):
            self.assertEqual(asyncio.run(main()), 'again')

    def test_context(self):
        variable = contextvars.ContextVar('variable', default='none')

        async def main():
            variable.set('set')
            pending = future()
            settle(1, delay=2)
            await pending
            return variable.get()

        self.assertEqual(asyncio.run(main()), 'set')

    def test_timeout(self):
        async def main():
            before = metacall.metacall('guest_cancelled')
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(future(), 0.02)
            return metacall.metacall('guest_cancelled') - before

        self.assertEqual(asyncio.run(main()), 1)

    def test_cancelled_here(self):
        async def main():
            pending = future()
            task = asyncio.ensure_future(pending)
            await asyncio.sleep(0.001)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertTrue(pending.cancelled())

        asyncio.run(main())

    def test_cancelled_there(self):
        async def main():
            pending = future()
            task = asyncio.ensure_future(pending)
            await asyncio.sleep(0)
            self.assertTrue(pending.cancel())
            with self.assertRaises(asyncio.CancelledError):
                await task
            self.assertFalse(pending.cancel())

        asyncio.run(main())

    def test_late_settlement_of_a_loop_that_is_gone(self):
        async def main():
            asyncio.ensure_future(pending)
            await asyncio.sleep(0.001)

        pending = future()
        asyncio.run(main())
        gc.collect()
        settle(1, delay=0)
        self.assertTrue(pending.done())

    def test_callbacks(self):
        seen = []

        async def main():
            pending = future()
            pending.add_done_callback(lambda f: seen.append((f is pending, f.result(),
                                                             threading.get_ident())))
            settle(3, delay=2)
            await pending
            await asyncio.sleep(0.001)
            pending.add_done_callback(lambda f: seen.append('at once'))
            await asyncio.sleep(0.001)

        asyncio.run(main())
        self.assertEqual(seen, [(True, 3, threading.get_ident()), 'at once'])

    def test_async_iteration(self):
        async def main():
            items = iter([['a'], ['b'], []])

            def step(name):
                pending = future()
                settle(next(items), delay=1)
                return 0, pending

            foreign = Foreign(flags=ASYNC_ITERATOR | ASYNC_ITERABLE, o18=step)
            self.assertEqual([item async for item in foreign.object], ['a', 'b'])
            items = iter([['c'], []])
            inner = foreign.object
            outer = Foreign(flags=ASYNC_ITERABLE, o17=lambda name: (0, inner)).object
            self.assertEqual([item async for item in outer], ['c'])

        asyncio.run(main())


class Block(unittest.TestCase):
    def test_result(self):
        pending = future()
        self.assertIsInstance(pending, metacall.Future)
        self.assertFalse(pending.done())
        settle([1], delay=30)
        self.assertEqual(pending.result(), [1])
        self.assertIs(pending.result(timeout=0), pending.result(0))
        self.assertIsNone(pending.exception())
        self.assertTrue(pending.done())
        self.assertFalse(pending.cancelled())
        self.assertIn('resolved', repr(pending))
        self.assertEqual(pending.language, 'c')
        with self.assertRaises(TypeError):
            metacall.Future()

    def test_identity(self):
        pending = future()
        self.assertIs(metacall.metacall('guest_echo', pending), pending)

    def test_others_run_meanwhile(self):
        pending = future()
        ticks = []
        stop = threading.Event()

        def tick():
            while not stop.is_set():
                ticks.append(1)
                time.sleep(0.002)

        thread = threading.Thread(target=tick)
        thread.start()
        settle(1, delay=100)
        pending.result()
        stop.set()
        thread.join()
        self.assertGreater(len(ticks), 5)

    def test_timeout(self):
        pending = future()
        start = time.monotonic()
        with self.assertRaises(TimeoutError) as caught:
            pending.result(0.05)
        self.assertIsInstance(caught.exception, metacall.TimeoutError)
        self.assertLess(time.monotonic() - start, 2)
        with self.assertRaises(TimeoutError):
            pending.exception(timeout=0)
        settle(1)

    def test_cancelled(self):
        pending = future()
        self.assertTrue(pending.cancel())
        for ask_for in (pending.result, pending.exception):
            with self.assertRaises(asyncio.CancelledError):
                ask_for()
        self.assertIn('cancelled', repr(pending))

    def test_callback_without_a_loop(self):
        pending, seen, done = future(), [], threading.Event()

        def call_back(which):
            seen.append(which.result())
            done.set()

        pending.add_done_callback(call_back)
        settle(5, delay=10)
        self.assertTrue(done.wait(5))
        pending.add_done_callback(call_back)
        self.assertEqual(seen, [5, 5])

    def test_failure_that_nobody_asks_for(self):
        told = []
        former, sys.unraisablehook = sys.unraisablehook, lambda args: told.append(args.exc_value)
        try:
            mine = KeyError('lost')
            for use in (lambda f: None, lambda f: f.exception(), lambda f: f.cancel(),
                        lambda f: metacall.metacall('guest_keep', f),
                        lambda f: f.add_done_callback(lambda f: None)):
                pending = future()
                settle(mine)
                use(pending)
                del pending
            pending = future()
            pending.cancel()
            del pending
        finally:
            sys.unraisablehook = former
            metacall.metacall('guest_keep', None)
        self.assertEqual(told, [mine, mine])  # the first, and the one that it was too late to cancel

    def test_failure_after_it_was_let_go(self):
        told = []
        mine = KeyError('lost')
        former, sys.unraisablehook = sys.unraisablehook, lambda args: told.append(args.exc_value)

        def impatient(pending):
            with self.assertRaises(metacall.TimeoutError):
                pending.result(0)

        try:
            for use in (lambda f: None, impatient, lambda f: f.cancel(),
                        lambda f: f.add_done_callback(lambda f: None)):
                use(future())
                settle(mine)
            future()
            settle(1)
        finally:
            sys.unraisablehook = former
        self.assertEqual(told, [mine])

    def test_let_go(self):
        pending = future()
        settle(Foreign().object)
        watch = weakref.ref(pending)
        pending.result()
        del pending
        gc.collect()
        self.assertIsNone(watch())


class Out(unittest.TestCase):
    """Coroutines, as a thread of another language waits for them."""

    def test_coroutine(self):
        async def work(value):
            await asyncio.sleep(0.001)
            return [value]

        self.assertEqual(wait(work(1)), [1])
        self.assertEqual(metacall.metacall('guest_kind', work(1)), 'Future')

    def test_on_a_loop_of_its_own(self):
        async def where():
            return threading.get_ident(), threading.current_thread().name

        first, second = wait(where()), wait(where())
        self.assertEqual(first, second)
        self.assertNotEqual(first[0], threading.get_ident())
        self.assertEqual(first[1], 'metacall-asyncio')

    def test_failure(self):
        mine = KeyError('mine')

        async def fail():
            raise mine

        with self.assertRaises(KeyError) as caught:
            wait(fail())
        self.assertIs(caught.exception, mine)

        async def unfit():
            return 1j

        with self.assertRaises(metacall.ConversionError):
            wait(unfit())

    def test_on_the_running_loop(self):
        async def where():
            await asyncio.sleep(0)
            return asyncio.get_running_loop(), threading.get_ident()

        async def main():
            started = metacall.metacall('guest_echo', where())
            self.assertIsInstance(started, asyncio.Task)
            loop, ident = await started
            self.assertIs(loop, asyncio.get_running_loop())
            self.assertEqual(ident, threading.get_ident())
            with self.assertRaises(metacall.DeadlockError):
                wait(where())

        asyncio.run(main())

    def test_home_from_a_loop_of_ours(self):
        async def work():
            await asyncio.sleep(0.005)
            return 7

        started = metacall.metacall('guest_echo', work())
        self.assertIsInstance(started, metacall.Future)
        self.assertEqual(started.result(), 7)

        async def main():
            return await metacall.metacall('guest_call', lambda f: f, started)

        self.assertEqual(asyncio.run(main()), 7)

    def test_futures(self):
        async def main():
            loop = asyncio.get_running_loop()
            mine = loop.create_future()
            self.assertIs(metacall.metacall('guest_echo', mine), mine)
            waiting = loop.run_in_executor(None, wait, mine)
            await asyncio.sleep(0.01)
            mine.set_result('set')
            self.assertEqual(await waiting, 'set')
            self.assertEqual(await loop.run_in_executor(None, wait, mine), 'set')
            task = loop.create_task(asyncio.sleep(0, 'task'))
            self.assertIs(metacall.metacall('guest_echo', task), task)
            self.assertEqual(await loop.run_in_executor(None, wait, task), 'task')

        asyncio.run(main())

    def test_cancel(self):
        seen = []

        async def work():
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                seen.append('cancelled')
                raise

        started = metacall.metacall('guest_echo', work())
        time.sleep(0.02)
        metacall.metacall('guest_cancel', started)
        with self.assertRaises(asyncio.CancelledError):
            wait(started)
        self.assertEqual(seen, ['cancelled'])
        at_once = metacall.metacall('guest_echo', work())
        self.assertTrue(at_once.cancel())
        with self.assertRaises(asyncio.CancelledError):
            at_once.result(5)

    def test_many(self):
        async def work(number):
            await asyncio.sleep(0.01)
            return number

        start = time.monotonic()
        started = [metacall.metacall('guest_echo', work(number)) for number in range(1000)]
        self.assertEqual([each.result() for each in started], list(range(1000)))
        self.assertLess(time.monotonic() - start, 5)

    def test_async_generators(self):
        closed = []

        async def count(limit):
            try:
                for number in range(limit):
                    await asyncio.sleep(0)
                    yield number
            finally:
                closed.append(threading.current_thread().name)

        generator = count(2)
        iterator = ask(generator, ASYNC_ITERATE)
        self.assertIs(iterator, generator)
        self.assertEqual([ask(iterator, ASYNC_NEXT).result() for _ in range(3)], [[0], [1], []])
        self.assertEqual(closed, ['metacall-asyncio'])
        generator = count(2)
        ask(generator, ASYNC_NEXT).result()
        self.assertIsNone(ask(generator, ASYNC_RETURN).result())
        self.assertEqual(len(closed), 2)

    def test_async_iterator_that_cannot_be_remembered(self):
        class Bare:
            __slots__ = ()
            __hash__ = None

            def __aiter__(self):
                return self

            async def __anext__(self):
                raise StopAsyncIteration

        self.assertEqual(ask(Bare(), ASYNC_NEXT).result(), [])

    def test_stop_iteration(self):
        async def stop():
            raise StopIteration('inside')

        with self.assertRaises(RuntimeError):
            wait(stop())

        def plain():
            raise StopIteration('outside')

        with self.assertRaises(StopIteration) as caught:
            metacall.metacall('guest_call0', plain)
        self.assertEqual(caught.exception.value, 'outside')

    def test_let_go(self):
        async def work():
            return 1

        coroutine = work()
        watch = weakref.ref(coroutine)
        wait(coroutine)
        del coroutine
        for _ in range(100):
            gc.collect()
            if watch() is None:
                break
            time.sleep(0.01)
        self.assertIsNone(watch())

    def test_concurrent_future_is_an_object(self):
        mine = concurrent.futures.Future()
        self.assertIs(metacall.metacall('guest_echo', mine), mine)


class Process(unittest.TestCase):
    def check(self, code, status=0, **more):
        child = support.run(code, **more)
        self.assertEqual((child.status, child.errors), (status, ''), child)
        return child.output

    def test_nothing_of_asyncio_before_the_first(self):
        self.check('''
            import metacall, support
            support.guest()
            assert metacall.metacall('guest_echo', [1, {2}, object()])
            pending = metacall.metacall('guest_future', 0)
            pending.add_done_callback(lambda f: None)
            metacall.metacall('guest_settle', 0, 1, 0, 5)
            assert pending.result() == 5
            assert 'asyncio' not in sys.modules and 'datetime' not in sys.modules
        ''')

    def test_exit_with_pending_work(self):
        output = self.check('''
            import asyncio, metacall, support
            support.guest()
            async def never():
                try:
                    await asyncio.sleep(1000)
                except asyncio.CancelledError:
                    print('cancelled', flush=True)
                    raise
            async def stubborn():
                while True:
                    try:
                        await asyncio.sleep(1000)
                    except asyncio.CancelledError:
                        pass
            kept = [metacall.metacall('guest_echo', never()) for _ in range(3)]
            pending = metacall.metacall('guest_future', 0)
            async def main():
                asyncio.ensure_future(pending)
                await asyncio.sleep(0.01)
            asyncio.run(main())
            import time
            time.sleep(0.05)
            print('end', flush=True)
        ''', timeout=20)
        self.assertEqual(output, 'end\n' + 'cancelled\n' * 3)

    def test_interrupted(self):
        output = self.check('''
            import metacall, support
            support.guest()
            pending = metacall.metacall('guest_future', 0)
            try:
                print('ready', flush=True)
                pending.result()
            except KeyboardInterrupt:
                print('interrupted')
        ''', signal=signal.SIGINT, timeout=20)
        self.assertEqual(output, 'ready\ninterrupted\n')

    def test_fork(self):
        self.check('''
            import asyncio, os, warnings, metacall, support
            warnings.simplefilter('ignore')  # a fork with threads: 3.12 and later
            support.guest()
            async def work(): return 5
            assert metacall.metacall('guest_wait', work(), 5000) == 5
            child = os.fork()
            if child == 0:
                try:
                    assert metacall.metacall('guest_wait', work(), 5000) == 5
                    assert asyncio.run(work()) == 5
                    os._exit(0)
                finally:
                    os._exit(1)
            assert os.waitpid(child, 0)[1] == 0
        ''', timeout=20)


if __name__ == '__main__':
    unittest.main()
