# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""The part of the loader that speaks asyncio: run once, when the first future crosses.

`follow(promise, waiter, waker)` and `make_waker()` are the loader's own: the waiter gets a result,
in its loop, once the promise has settled on whatever thread. A waker is a descriptor that a loop
reads, with what is to be done then."""

import asyncio
import threading
import weakref
from asyncio.events import _get_running_loop

_lock = threading.Lock()
_background = None  # (loop, thread) of ours
_wakers = weakref.WeakKeyDictionary()  # loop -> waker
_homes = weakref.WeakKeyDictionary()  # asynchronous iterator -> the loop where it began


def _waker(loop):
    waker = _wakers.get(loop)
    if waker is None:
        waker, descriptor, drain = make_waker()
        loop.add_reader(descriptor, drain)
        _wakers[loop] = waker
    return waker


def wait(promise):
    """What `await promise` runs."""
    if not promise.done():
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        follow(promise, waiter, _waker(loop))
        try:
            yield from waiter
        except asyncio.CancelledError:
            if waiter.cancelled():
                promise.cancel()
            raise
    return promise.result()


async def advance(promise):
    """The next item of a foreign asynchronous iterator, which comes as [item] or []."""
    item = await promise
    if not item:
        raise StopAsyncIteration
    return item[0]


def call_back(promise, function):
    """True when the running loop will call function(promise); False where there is none."""
    loop = _get_running_loop()
    if loop is None:
        return False
    waiter = loop.create_future()
    waiter.add_done_callback(lambda _: function(promise))
    follow(promise, waiter, _waker(loop))
    return True


# ------------------------------------------------------------------------------ out of Python


async def step(iterator):
    """The next item of an asynchronous iterator as (item,), or () at its end."""
    try:
        return (await iterator.__anext__(),)
    except StopAsyncIteration:
        return ()


async def close(generator):
    aclose = getattr(generator, 'aclose', None)
    if aclose is not None:
        await aclose()


class _Work:
    """Something that runs in a loop, as seen from any thread."""

    __slots__ = ('loop', 'task', 'cancelled')

    def __init__(self, loop, task=None):
        self.loop = loop
        self.task = task
        self.cancelled = False

    def begin(self, coroutine, done):
        self.task = self.loop.create_task(coroutine)
        self.task.add_done_callback(done)
        if self.cancelled:
            self.task.cancel()

    def cancel(self):
        self.cancelled = True
        self.loop.call_soon_threadsafe(self._cancel)

    def _cancel(self):
        if self.task is not None:
            self.task.cancel()

    def home(self):
        """The task where it can be awaited as it is; a loop of ours is nobody else's."""
        return self.task if _background is None or self.loop is not _background[0] else None

    def is_here(self):
        """Does this thread run the loop? Then it must not wait for it."""
        return _get_running_loop() is self.loop


def _run(loop):
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.wait(tasks, timeout=1))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        asyncio.set_event_loop(None)
        if not asyncio.all_tasks(loop):
            loop.close()


def _loop_of_ours():
    global _background
    with _lock:
        if _background is None:
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_run, args=(loop,), name='metacall-asyncio',
                                      daemon=True)
            thread.start()
            _background = loop, thread
        return _background[0]


def _follow_future(future, done):
    loop = future.get_loop()
    if future.done():
        done(future)
    elif loop is _get_running_loop():
        future.add_done_callback(done)
    else:
        loop.call_soon_threadsafe(future.add_done_callback, done)
    return _Work(loop, future)


def _home_of(iterator):
    try:
        return _homes.get(iterator)
    except TypeError:
        return None  # nothing that can be remembered: no hash, or no weak references


def _stay(iterator, loop):
    try:
        _homes[iterator] = loop
    except TypeError:
        pass


def start(awaitable, done, iterator=None):
    """Starts a coroutine where it can run, or follows a future: done(it) is called in its loop."""
    if asyncio.isfuture(awaitable):
        return _follow_future(awaitable, done)
    running = _get_running_loop()
    loop = _home_of(iterator)
    if loop is None or loop.is_closed():
        loop = running if running is not None else _loop_of_ours()
        _stay(iterator, loop)
    work = _Work(loop)
    if loop is running:
        work.begin(awaitable, done)
    else:
        loop.call_soon_threadsafe(work.begin, awaitable, done)
    return work


def finish():
    """The end: our loop's tasks are cancelled, and its thread ends."""
    global _background
    with _lock:
        background, _background = _background, None
    if background is not None:
        loop, thread = background
        loop.call_soon_threadsafe(loop.stop)
        thread.join(2)


def forked():
    """In the child the thread does not exist."""
    global _background, _lock
    _lock = threading.Lock()
    _background = None
