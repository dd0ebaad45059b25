# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Interception: every call of a function is seen, whoever makes it and however he came by it; the
function is what it was to whoever looks at it; nothing stays behind."""

import asyncio
import copy
import gc
import inspect
import pickle
import sys
import threading
import types
import unittest
import weakref

import metacall
import support
from watched import add, fails, later, numbers, same, shapes

support.guest()
TRAMPOLINE = sys.version_info[:2] == (3, 11) # defaults are filled in before a hook sees the call


def counted(number):
    return number if number <= 0 else counted(number - 1)


async def slow_numbers(count):
    for number in range(count):
        yield number


class Box:
    def __init__(self, value):
        self.value = value

    def get(self, more=0):
        return self.value + more

    @classmethod
    def of(cls, value):
        return cls(value)

    @staticmethod
    def plain(value):
        return value

    @property
    def doubled(self):
        return self.value * 2


class Bigger(Box):
    def get(self, more=0):
        return super().get(more) + 100


def stored(function=add):
    return function(1, 2)


class Seen(list):
    """A before hook that writes the calls down."""

    def __call__(self, call):
        self.append((call.args, call.kwargs))


class Intercept(unittest.TestCase):
    def hook(self, function, before=None, after=None):
        interception = metacall.intercept(function, before, after)
        self.addCleanup(interception.remove)
        return interception

    def test_every_way_to_call(self):
        early = add
        sys.modules['__main__'].add = add # where a call by name finds it
        seen = Seen()
        for _ in range(3000): # specialised by now, where the interpreter does that
            add(1, 2)
            early(1, 2)
            stored()
        with metacall.intercept(add, seen) as interception:
            self.assertEqual(interception.scope, 'all')
            self.assertTrue(interception.active)
            ways = [lambda: add(1, 2), lambda: early(1, 2), stored, lambda: add(a=1, b=2),
                    lambda: add(*(1, 2)), lambda: add(**{'a': 1, 'b': 2}),
                    lambda: next(map(add, [1], [2])), lambda: sys.modules[__name__].add(1, 2),
                    lambda: globals()['add'](1, b=2), lambda: add.__call__(1, 2),
                    lambda: metacall.metacall('guest_call', lambda _: add(1, 2), 0),
                    lambda: metacall.metacall('add', 1, 2)]
            for number, way in enumerate(ways, 1):
                self.assertEqual(way(), 3)
                self.assertEqual(len(seen), number, number)
            for _ in range(3000):
                add(1, 2)
            self.assertEqual(len(seen), len(ways) + 3000)
        self.assertFalse(interception.active)
        del seen[:]
        for _ in range(3000):
            add(1, 2), early(1, 2), stored(), metacall.metacall('add', 1, 2)
        self.assertEqual(seen, [])

    def test_nothing_to_notice(self):
        def facts():
            return (inspect.signature(add), inspect.getsource(add), add.__defaults__,
                    add.__doc__, add.__name__, add.__qualname__, add.__module__, dict(vars(add)),
                    add.__annotations__, add.__closure__, pickle.dumps(add), repr(add), hash(add),
                    type(add), inspect.isfunction(add), add.__globals__ is globals(),
                    copy.deepcopy(add) is add, add.__code__.co_varnames[:2],
                    add.__code__.co_firstlineno, add.__code__.co_flags, inspect.getfile(add))
        before, code = facts(), add.__code__
        references = sys.getrefcount(add)
        with metacall.intercept(add, lambda call: None, lambda call: None):
            self.assertEqual(facts(), before)
            self.assertIs(pickle.loads(pickle.dumps(add)), add)
            if not TRAMPOLINE:
                self.assertIs(add.__code__, code)
        self.assertEqual(facts(), before)
        self.assertIs(add.__code__, code)
        gc.collect()
        self.assertEqual(sys.getrefcount(add), references)

    def test_inspect_knows_what_it_is(self):
        self.hook(later, Seen())
        self.hook(numbers, Seen())
        self.hook(slow_numbers, Seen())
        self.assertTrue(inspect.iscoroutinefunction(later))
        self.assertTrue(inspect.isgeneratorfunction(numbers))
        self.assertTrue(inspect.isasyncgenfunction(slow_numbers))

    def test_objects_keep_their_identity(self):
        seen, given = [], [object(), complex(1, 2), [1], {'a': object()}, iter([]), same]
        with metacall.intercept(same, lambda call: seen.append(call.args[0]),
                                lambda call: seen.append(call.result)):
            for each in given:
                self.assertIs(same(each), each)
                self.assertIs(seen[-1], each)
                self.assertIs(seen[-2], each)
            cycle = []
            cycle.append(cycle)
            self.assertIs(same(cycle), cycle)

    def test_shapes_of_arguments(self):
        seen = Seen()
        calls = [((1, 2, 3), {'e': 5}), ((1, 2, 3, 4, 5, 6), {'e': 5, 'f': 7, 'g': 8}),
                 ((1, 2), {'c': 3, 'e': 5, 'a': 9}), ((1, 2), {'e': 0, 'c': 3, 'd': 0})]
        expected = [shapes(*args, **kwargs) for args, kwargs in calls]
        wrong = [((1,), {}), ((), {}), ((1, 2, 3), {}), ((1, 2), {'a': 1, 'b': 2})]
        messages = [self.message(*each) for each in wrong]
        self.hook(shapes, seen)
        for (args, kwargs), result in zip(calls, expected):
            self.assertEqual(shapes(*args, **kwargs), result)
            if not TRAMPOLINE:
                self.assertEqual(seen[-1], (args, kwargs))
        self.assertEqual(len(seen), len(calls))
        self.assertEqual([self.message(*each) for each in wrong], messages)

    def message(self, args, kwargs):
        with self.assertRaises(TypeError) as caught:
            shapes(*args, **kwargs)
        return str(caught.exception)

    def test_many_arguments(self):
        def wide(a, b, c, d, e, f, g, h, i, j, *rest, k=0):
            return (a, b, c, d, e, f, g, h, i, j, rest, k)
        before = wide(*range(15), k=16)
        seen = Seen()
        self.hook(wide, seen)
        self.assertEqual(wide(*range(15), k=16), before)
        self.assertEqual(seen, [(tuple(range(15)), {'k': 16})])

    def test_defaults_may_change(self):
        def default(a=1, *, b=2):
            return a, b
        self.hook(default, Seen())
        self.assertEqual(default(), (1, 2))
        default.__defaults__, default.__kwdefaults__ = (3,), {'b': 4}
        self.assertEqual(default(), (3, 4))
        lib = metacall.metacall('guest_call', lambda _: default(), 0)
        self.assertEqual(lib, [3, 4])

    def test_closures(self):
        count = 0

        def step(by):
            nonlocal count
            count += by
            return lambda: (count, by)
        seen = Seen()
        with metacall.intercept(step, seen):
            self.assertEqual(step(2)(), (2, 2))
        self.assertEqual(step(3)(), (5, 3))
        self.assertEqual((count, len(seen)), (5, 1))

    def test_recursion(self):
        seen = Seen()
        with metacall.intercept(counted, seen):
            self.assertEqual(counted(5), 0)
        self.assertEqual([args for args, _ in seen], [(n,) for n in (5, 4, 3, 2, 1, 0)])

    def test_bound_method(self):
        one, two, seen = Box(1), Box(2), Seen()
        with metacall.intercept(one.get, seen) as interception:
            self.assertEqual(interception.scope, 'all')
            self.assertEqual((one.get(), two.get(), one.get(more=4), Box.get(one, 5)),
                             (1, 2, 5, 6))
        if TRAMPOLINE:
            self.assertEqual(seen, [((0,), {}), ((4,), {}), ((5,), {})])
        else:
            self.assertEqual(seen, [((), {}), ((), {'more': 4}), ((5,), {})])
        one.get()
        self.assertEqual(len(seen), 3)

    def test_method_of_a_class(self):
        one, two, seen = Box(1), Bigger(2), Seen()
        with metacall.intercept(Box.get, seen):
            self.assertEqual((one.get(), two.get()), (1, 102))
            self.assertEqual([args[0] for args, _ in seen], [one, two])

    def test_bound_and_plain_at_once(self):
        one, log = Box(1), []
        plain = self.hook(Box.get, lambda call: log.append('plain'))
        bound = self.hook(one.get, lambda call: log.append('bound'))
        one.get(1)
        self.assertEqual(log, ['bound', 'plain'])
        del log[:]
        method = one.get
        self.assertEqual(metacall.metacall('guest_call', method, 1), 2)
        self.assertEqual(sorted(log), ['bound', 'plain'])
        plain.remove()
        one.get()
        self.assertEqual(len(log), 3)
        bound.remove()
        one.get()
        self.assertEqual(len(log), 3)

    def test_static_and_class_methods(self):
        plain, of = Seen(), Seen()
        self.hook(Box.plain, plain)
        self.hook(Box.of, of)
        self.assertEqual((Box.plain(1), Box(2).plain(3), Box.of(4).value), (1, 3, 4))
        self.assertEqual(plain, [((1,), {}), ((3,), {})])
        self.assertEqual(of, [((4,), {})])
        self.assertIsInstance(Bigger.of(5), Bigger) # another class: not that bound method
        self.assertEqual(len(of), 1)

    def test_constructor_and_property(self):
        made, read = Seen(), Seen()
        self.hook(Box.__init__, made)
        self.hook(Box.doubled.fget, read)
        self.assertEqual(Box(4).doubled, 8)
        self.assertEqual((len(made), len(read)), (1, 1))
        with self.assertRaisesRegex(TypeError, '__init__'):
            metacall.intercept(Box, made)

    def test_answer_and_replace(self):
        def answer(call):
            if call.args[0] == 1:
                call.result = {'answered': call.args}

        def replace(call):
            if call.result == 99:
                call.result = None
        self.hook(same, answer, replace)
        self.assertEqual(same(1), {'answered': [1]})
        self.assertEqual(same(2), 2)
        self.assertIsNone(same(99))

    def test_before_and_after_share_the_call(self):
        log = []

        def before(call):
            call.mark = len(log)

        def after(call):
            log.append((call.mark, call.args, call.result, call.error))
        self.hook(counted, before, after)
        counted(2)
        self.assertEqual(log, [(0, (0,), 0, None), (0, (1,), 0, None), (0, (2,), 0, None)])

    def test_exceptions(self):
        seen = []
        self.hook(fails, after=lambda call: seen.append(call.error))
        for kind in (ValueError, KeyboardInterrupt, SystemExit, StopIteration, GeneratorExit):
            try:
                fails(kind)
            except BaseException as error:
                caught = error
            self.assertIs(type(caught), kind)
            self.assertIs(caught, seen[-1])
            self.assertEqual(caught.args, ('on purpose',))
            names, at = [], caught.__traceback__
            while at is not None:
                names.append(at.tb_frame.f_code.co_name)
                at = at.tb_next
            self.assertEqual(names[-1], 'fails')
            self.assertEqual(names[0], 'test_exceptions')
        with metacall.intercept(fails, after=lambda call: setattr(call, 'result', 'mended')):
            self.assertEqual(fails(ValueError), 'mended')

    def test_a_hook_that_raises(self):
        def no(call):
            raise PermissionError('no')
        for hooks in ({'before': no}, {'after': no}):
            with metacall.intercept(add, **hooks):
                with self.assertRaisesRegex(PermissionError, 'no'):
                    add(1, 2)
                with self.assertRaises(PermissionError):
                    metacall.metacall('guest_call', add, 1)
        self.assertEqual(add(1, 2), 3)

    def test_a_hook_that_calls_the_function(self):
        log = []
        with metacall.intercept(add, lambda call: log.append(add(100, 1))):
            self.assertEqual(add(1, 2), 3)
        self.assertEqual(log, [101])

    def test_asynchronous(self):
        seen, results = Seen(), []

        def wrap(call):
            async def around(inner):
                results.append(await inner)
                return results[-1] * 2
            call.result = around(call.result)
        self.hook(later, seen)
        self.assertEqual(asyncio.run(later(1)), 2)
        with metacall.intercept(later, after=wrap):
            self.assertEqual(asyncio.run(later(2)), 6)
        self.assertEqual(results, [3])
        self.assertEqual(len(seen), 2)

        async def collect():
            return [number async for number in slow_numbers(3)]
        self.hook(slow_numbers, Seen(), lambda call: None)
        self.hook(numbers, Seen(), lambda call: None)
        self.assertEqual(asyncio.run(collect()), [0, 1, 2])
        self.assertEqual(list(numbers(3)), [0, 1, 2])
        self.assertIsInstance(numbers(1), types.GeneratorType)

    def test_order_and_removal(self):
        log = []
        hooks = [metacall.intercept(add, lambda call, n=n: log.append(n),
                                    lambda call, n=n: log.append(-n)) for n in (1, 2, 3)]
        add(1)
        self.assertEqual(log, [3, 2, 1, -1, -2, -3])
        hooks[1].remove()
        hooks[1].remove()
        del log[:]
        add(1)
        self.assertEqual(log, [3, 1, -1, -3])
        hooks[0].remove()
        hooks[2].remove()
        del log[:]
        self.assertEqual((add(1), log), (11, []))

    def test_removed_from_inside(self):
        hooks = []

        def before(call):
            hooks[0].remove()
        hooks.append(metacall.intercept(add, before, lambda call: None))
        self.assertEqual(add(1), 11)
        self.assertFalse(hooks[0].active)
        self.assertEqual(add(1), 11)

    def test_from_other_languages(self):
        seen = Seen()
        with metacall.intercept(add, seen):
            self.assertEqual(metacall.metacall('guest_call', add, 5), 15)
            self.assertEqual(metacall.metacall('guest_call', 'add' and add, 6), 16)
        self.assertEqual(seen, [((5,), {}), ((6,), {})])

    def test_a_function_of_another_language(self):
        seen, after = Seen(), []
        with metacall.intercept('guest_echo', seen, lambda call: after.append(call.result)) as on:
            self.assertEqual(on.scope, 'registry')
            self.assertIn('registered from C', on.reason)
            self.assertEqual(metacall.metacall('guest_echo', [1, 'x']), [1, 'x'])
        self.assertEqual((seen, after), ([(([1, 'x'],), {})], [[1, 'x']]))
        with metacall.intercept('guest_echo', lambda call: setattr(call, 'result', same)):
            self.assertIs(metacall.metacall('guest_echo', 1), same)
        self.assertEqual(metacall.metacall('guest_echo', 1), 1)

    def test_what_cannot_be_seen(self):
        seen = Seen()
        with metacall.intercept(len, seen) as interception:
            self.assertEqual(interception.scope, 'registry')
            self.assertIn('builtin_function_or_method', interception.reason)
            self.assertEqual(len([1]), 1)
            self.assertEqual(seen, [])
            self.assertEqual(metacall.metacall('guest_call', len, [1, 2]), 2)
            self.assertEqual(len(seen), 1)

    def test_refusals(self):
        for arguments in ((add,), (add, 1), (add, None, 'x')):
            with self.assertRaises(TypeError):
                metacall.intercept(*arguments)
        with self.assertRaises(metacall.NotFoundError):
            metacall.intercept('no_such_function', print)

    def test_somebody_else_changed_it(self):
        def changed(a):
            return a
        interception = metacall.intercept(changed, Seen())
        changed.__code__ = (lambda a: a * 2).__code__
        self.assertEqual(changed(2), 4)
        if TRAMPOLINE:
            with self.assertRaisesRegex(metacall.StateError, '__code__'):
                interception.remove()
        else:
            interception.remove()
        self.assertFalse(interception.active)
        self.assertEqual(changed(3), 6)

    def test_nothing_is_kept(self):
        def gone(a):
            return a
        hook = Seen()
        self.assertEqual(gone(1), 1)
        references = sys.getrefcount(gone), sys.getrefcount(hook)
        for _ in range(100):
            with metacall.intercept(gone, hook, hook):
                gone(2)
        del hook[:]
        gc.collect()
        self.assertEqual((sys.getrefcount(gone), sys.getrefcount(hook)), references)
        weak = weakref.ref(gone)
        del gone
        gc.collect()
        self.assertIsNone(weak())

    def test_threads(self):
        stop, wrong = threading.Event(), []

        def work():
            while not stop.is_set():
                if add(1, 2) != 3 or stored() != 3:
                    wrong.append(True)
        threads = [threading.Thread(target=work) for _ in range(4)]
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-5)
        for thread in threads:
            thread.start()
        for _ in range(200):
            with metacall.intercept(add, lambda call: None, lambda call: None):
                add(1, 2)
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
        self.assertEqual(wrong, [])

if __name__ == '__main__':
    unittest.main()
