# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Objects and classes: Python's as others see them, and those of others in Python."""

import collections
import dataclasses
import decimal
import enum
import gc
import pathlib
import unittest
import weakref

import metacall
import support

support.guest()

(GET, SET, DELETE, HAS, NAMES, METHOD, CALL, CONSTRUCT, ITEM_GET, ITEM_SET, ITEM_DELETE, CONTAINS,
 LENGTH, ITERATE, NEXT, THROW, RETURN, ASYNC_ITERATE, ASYNC_NEXT, ASYNC_RETURN, ENTER, EXIT, TEXT,
 REPR, TYPE, INSTANCE, EQUAL, HASH) = range(28)
(CLASS, CALLABLE, ITERABLE, ITERATOR, GENERATOR, ITEMS, SIZED, ASYNC_ITERABLE, ASYNC_ITERATOR,
 CONTEXT) = (1 << bit for bit in range(10))


def perform(thing, operation, name=None, *args):
    """(end, result) of one operation of another language on a Python object."""
    suffix = str(len(args)) if args else ''
    end, result = metacall.metacall('guest_perform' + suffix, thing, operation, name, *args)
    return bool(end), result


def ask(thing, operation, name=None, *args):
    end, result = perform(thing, operation, name, *args)
    assert not end
    return result


def about(thing):
    return metacall.metacall('guest_about', thing)


class Point:
    kind = 'flat'

    def __init__(self, x, y=0):
        self.x = x
        self.y = y

    def add(self, dx, *, dy=0):
        return Point(self.x + dx, self.y + dy)

    def __eq__(self, other):
        return isinstance(other, Point) and (self.x, self.y) == (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __str__(self):
        return '%s/%s' % (self.x, self.y)

    def __repr__(self):
        return 'Point(%r, %r)' % (self.x, self.y)


class Out(unittest.TestCase):
    """Python's objects."""

    def test_come_home(self):
        class Colour(enum.Enum):
            RED = 1

        class Number(enum.IntEnum):
            ONE = 1

        class Word(str, enum.Enum):
            A = 'a'

        @dataclasses.dataclass
        class Data:
            a: int = 1

        for thing in (object(), Point(1), Point, int, type, KeyError, decimal.Decimal('1.10'),
                      Colour.RED, Colour, Number.ONE, Word.A, Data(), pathlib.Path('/'), range(3),
                      iter([]), (x for x in ()), {}.keys(), unittest, slice(1), NotImplemented, ...,
                      collections.deque(), memoryview(b'abcdef')[::2]):
            self.assertIs(metacall.metacall('guest_echo', thing), thing)
            self.assertIs(metacall.metacall('guest_echo', [thing])[0], thing)

    def test_kinds(self):
        class Call:
            def __call__(self):
                pass

        for thing, name, flags in (
                (object(), 'object', 0), (Point(1), 'Point', 0), (Point, 'Point', CLASS | CALLABLE),
                (Call(), 'Call', CALLABLE), (range(3), 'range', ITERABLE | ITEMS | SIZED),
                (iter([]), 'list_iterator', ITERABLE | ITERATOR),
                ((x for x in ()), 'generator', ITERABLE | ITERATOR | GENERATOR),
                ({}.items(), 'dict_items', ITERABLE | SIZED),
                (decimal.Decimal(1), 'Decimal', 0)):
            self.assertEqual(about(thing), [name, flags], thing)

        class Colour(enum.Enum):
            RED = 1

        self.assertEqual(about(Colour.RED), ['Colour', 0])
        self.assertEqual(about(Colour), ['Colour', CLASS | CALLABLE | ITERABLE | ITEMS | SIZED])

        class Managed:
            __iter__ = None

            def __enter__(self):
                pass

            def __exit__(self, *error):
                pass

        self.assertEqual(about(Managed()), ['Managed', CONTEXT])
        for thing in (len, [].append, str.upper, lambda: 1, Point(1).add, Point.add):
            self.assertIsNone(about(thing), thing)

    def test_attributes(self):
        point = Point(3, 4)
        self.assertEqual(ask(point, GET, 'x'), 3)
        self.assertEqual(ask(point, GET, 'kind'), 'flat')
        ask(point, SET, 'x', [5])
        self.assertEqual(point.x, [5])
        self.assertIs(ask(point, HAS, 'x'), True)
        self.assertIs(ask(point, HAS, 'z'), False)
        self.assertLessEqual({'x', 'y', 'add'}, set(ask(point, NAMES)))
        ask(point, DELETE, 'x')
        self.assertFalse(hasattr(point, 'x'))
        for operation in (GET, DELETE):
            with self.assertRaises(AttributeError) as caught:
                ask(point, operation, 'x')
            self.assertIs(type(caught.exception), AttributeError)

    def test_calls(self):
        point = ask(Point, CONSTRUCT, None, 1, 2)
        self.assertEqual(point, Point(1, 2))
        self.assertEqual(ask(point, METHOD, 'add', 5), Point(6, 2))
        self.assertEqual(ask(Point, CALL, None, 7), Point(7))
        self.assertEqual(ask(int, CONSTRUCT, None, '12'), 12)
        with self.assertRaises(TypeError):
            ask(point, CALL)
        with self.assertRaises(ZeroDivisionError) as caught:
            ask(lambda_object(), CALL)
        self.assertEqual(str(caught.exception), 'mine')
        class Typed:
            def check(self, number: int):
                return number

        self.assertEqual(ask(Typed(), METHOD, 'check', 3), 3)
        with self.assertRaises(TypeError) as caught:
            ask(Typed(), METHOD, 'check', 'abc')
        for part in ('check', "'number'"):
            self.assertIn(part, str(caught.exception))
        bound = ask(point, GET, 'add')
        self.assertEqual(bound(1), Point(2, 2))

    def test_items(self):
        deque = collections.deque([1, 2, 3])
        self.assertEqual(ask(deque, ITEM_GET, None, 1), 2)
        ask(deque, ITEM_SET, None, 1, 'x')
        ask(deque, ITEM_DELETE, None, 0)
        self.assertEqual(list(deque), ['x', 3])
        self.assertEqual(ask(deque, LENGTH), 2)
        self.assertIs(ask(deque, CONTAINS, None, 3), True)
        self.assertIs(ask(deque, CONTAINS, None, 4), False)
        with self.assertRaises(IndexError):
            ask(deque, ITEM_GET, None, 9)

    def test_iteration(self):
        iterator = ask(range(2), ITERATE)
        self.assertEqual([perform(iterator, NEXT) for _ in range(3)],
                         [(False, 0), (False, 1), (True, None)])
        self.assertIs(ask(iterator, ITERATE), iterator)

    def test_generators(self):
        seen = []

        def generate():
            try:
                while True:
                    seen.append((yield len(seen)))
                    if seen[-1] == 'end':
                        return 'the end'
            except KeyError as error:
                yield repr(error)
            finally:
                seen.append('closed')

        generator = generate()
        self.assertEqual(perform(generator, NEXT), (False, 0))
        self.assertEqual(perform(generator, NEXT, None, 'sent'), (False, 1))
        self.assertEqual(perform(generator, NEXT, None, 'end'), (True, 'the end'))
        self.assertEqual(perform(generator, NEXT), (True, None))
        generator = generate()
        perform(generator, NEXT)
        self.assertEqual(perform(generator, THROW, None, KeyError('k')), (False, "KeyError('k')"))
        generator = generate()
        perform(generator, NEXT)
        del seen[:]
        self.assertTrue(perform(generator, RETURN)[0])
        self.assertEqual(seen, ['closed'])
        with self.assertRaises(ValueError):
            fresh = generate()
            perform(fresh, NEXT)
            perform(fresh, THROW, None, ValueError('through'))

    def test_contexts(self):
        seen = []

        class Manager:
            def __enter__(self):
                return 'entered'

            def __exit__(self, kind, error, traceback):
                seen.append((kind, error))
                return kind is KeyError

        manager, error = Manager(), KeyError('k')
        self.assertEqual(ask(manager, ENTER), 'entered')
        self.assertIs(ask(manager, EXIT, None, error), True)
        self.assertIs(ask(manager, EXIT, None, ValueError()), False)
        self.assertIs(ask(manager, EXIT, None, None), False)
        self.assertEqual(seen[0], (KeyError, error))
        self.assertIs(seen[0][1], error)
        self.assertEqual(seen[2], (None, None))

    def test_the_rest(self):
        point = Point(1, 2)
        self.assertEqual(ask(point, TEXT), '1/2')
        self.assertEqual(ask(point, REPR), 'Point(1, 2)')
        self.assertIs(ask(point, TYPE), Point)
        self.assertIs(ask(point, INSTANCE, None, Point), True)
        self.assertIs(ask(point, INSTANCE, None, int), False)
        self.assertIs(ask(point, EQUAL, None, Point(1, 2)), True)
        self.assertIs(ask(point, EQUAL, None, Point(1, 3)), False)
        self.assertEqual(ask(point, HASH), hash(point))
        with self.assertRaises(TypeError):
            ask(collections.deque(), HASH)

    def test_let_go(self):
        point = Point(1)
        watch = weakref.ref(point)
        metacall.metacall('guest_keep', point)
        del point
        gc.collect()
        self.assertIsNotNone(watch())
        metacall.metacall('guest_keep', None)
        gc.collect()
        self.assertIsNone(watch())


def lambda_object():
    class Fails:
        def __call__(self):
            raise ZeroDivisionError('mine')
    return Fails()


class Foreign:
    """The other side of an object of the guest: answers of one operation each."""

    def __init__(self, kind='Thing', flags=0, **answers):
        self.asked = []
        self.answers = answers
        self.handle = self.handler
        self.object = metacall.metacall('guest_object', kind, flags, self.handle)

    def handler(self, operation, name, args):
        self.asked.append((operation, name, args))
        answer = self.answers.get('o%d' % operation, (2, None))
        return list(answer(name, *args) if callable(answer) else answer)


class In(unittest.TestCase):
    """Objects of another language."""

    def test_identity(self):
        foreign = Foreign()
        thing = foreign.object
        self.assertIsInstance(thing, metacall.Object)
        self.assertNotIsInstance(thing, metacall.Class)
        self.assertIs(metacall.metacall('guest_echo', thing), thing)
        self.assertIs(metacall.metacall('guest_call', lambda x: x, thing), thing)
        self.assertEqual(metacall.metacall('guest_about', thing), ['Thing', 0])
        self.assertEqual(thing.language, 'c')
        self.assertEqual(type(thing).__name__, 'Object')
        self.assertEqual(type(thing).__module__, 'metacall')
        with self.assertRaises(TypeError):
            metacall.Object()

    def test_let_go(self):
        before = metacall.metacall('guest_objects')
        foreign = Foreign()
        self.assertEqual(metacall.metacall('guest_objects'), before + 1)
        watch = weakref.ref(foreign.object)
        foreign.object = None
        gc.collect()
        self.assertIsNone(watch())
        self.assertEqual(metacall.metacall('guest_objects'), before)

    def test_attributes(self):
        values = {'x': 1}

        def get(name):
            return (0, values[name]) if name in values else (2, None)

        def put(name, value):
            values[name] = value
            return 0, None

        def delete(name):
            return (0, values.pop(name)) if name in values else (2, None)

        thing = Foreign(o0=get, o1=put, o2=delete, o4=lambda name: (0, sorted(values))).object
        self.assertEqual(thing.x, 1)
        thing.y = [2]
        self.assertEqual(thing.y, [2])
        self.assertLessEqual({'x', 'y', 'language', '__class__'}, set(dir(thing)))
        del thing.x
        for missing in (lambda: thing.x, lambda: delattr(thing, 'x')):
            with self.assertRaises(AttributeError) as caught:
                missing()
            self.assertIn("'Thing' object", str(caught.exception))
            self.assertIn("'x'", str(caught.exception))
        self.assertFalse(hasattr(thing, 'x'))
        self.assertEqual(getattr(thing, 'x', 7), 7)
        self.assertFalse(hasattr(thing, '__len__'))
        thing.error = ValueError
        self.assertIs(thing.error, ValueError)

    def test_errors(self):
        def fail(name):
            raise ZeroDivisionError('theirs')

        with self.assertRaises(ZeroDivisionError):
            Foreign(o0=fail).object.x

    def test_abilities_tell_the_truth(self):
        plain = Foreign().object
        self.assertFalse(callable(plain))
        for refused in (iter, len, next, lambda thing: thing[0], lambda thing: thing(),
                        lambda thing: 1 in thing):
            with self.assertRaises(TypeError):
                refused(plain)
        self.assertTrue(callable(Foreign(flags=CALLABLE).object))
        self.assertTrue(hasattr(Foreign(flags=GENERATOR | ITERATOR).object, 'send'))
        for flag, name in ((ITERATOR, 'Iterator'), (GENERATOR | ITERATOR, 'Generator'),
                           (ASYNC_ITERATOR, 'AsyncIterator'), (CLASS, 'Class'), (0, 'Object')):
            self.assertEqual(type(Foreign(flags=flag).object).__name__, name)

    def test_calls(self):
        foreign = Foreign(flags=CALLABLE, o6=lambda name, *args: (0, args))
        self.assertEqual(foreign.object(1, 'b'), [1, 'b'])
        self.assertEqual(foreign.object(*range(12)), list(range(12)))
        method = Foreign(o0=lambda name: (0, lambda *args, **more: [name, args, more])).object
        self.assertEqual(method.go(1), ['go', (1,), {}])

    def test_classes(self):
        cls = Foreign('Kind', CLASS | CALLABLE, o7=lambda name, *args: (0, ['new', *args]),
                      o0=lambda name: (0, name), o25=(0, False)).object
        self.assertIsInstance(cls, metacall.Class)
        self.assertIsInstance(cls, metacall.Object)
        self.assertEqual(cls(1), ['new', 1])
        self.assertEqual(cls.__name__, 'Kind')
        self.assertEqual(cls.static, 'static')
        foreign = Foreign(o25=lambda name, other: (0, other is cls))
        self.assertIsInstance(foreign.object, cls)
        self.assertNotIsInstance(foreign.object, Foreign('Other', CLASS).object)
        self.assertNotIsInstance(1, cls)
        self.assertNotIsInstance(cls, cls)

    def test_items(self):
        values = {'a': 1}

        def put(name, key, value):
            values[key] = value
            return 0, None

        thing = Foreign(flags=ITEMS | SIZED, o9=put,
                        o8=lambda name, key: (0, values[key]) if key in values else (2, None),
                        o10=lambda name, key: (0, values.pop(key)),
                        o11=lambda name, key: (0, key in values),
                        o12=lambda name: (0, len(values))).object
        thing['b'] = [2]
        self.assertEqual((thing['a'], thing['b'], len(thing), bool(thing)), (1, [2], 2, True))
        self.assertIn('a', thing)
        del thing['a']
        self.assertNotIn('a', thing)
        with self.assertRaises(KeyError):
            thing['a']
        with self.assertRaises(IndexError):
            thing[5]

    def test_iteration(self):
        def make():
            state = iter([(0, 1), (0, 2), (1, None)])
            return Foreign(flags=ITERATOR, o14=lambda name: next(state)).object

        iterator = make()
        self.assertIs(iter(iterator), iterator)
        self.assertEqual(list(iterator), [1, 2])
        iterable = Foreign(flags=ITERABLE, o13=lambda name: (0, make())).object
        self.assertEqual(list(iterable), [1, 2])
        self.assertEqual(list(iterable), [1, 2])
        self.assertEqual(max(*iterable), 2)

    def test_generators(self):
        foreign = Foreign(flags=GENERATOR | ITERATOR | ITERABLE,
                          o14=lambda name, *sent: (0, list(sent)),
                          o15=lambda name, error: (1, repr(error)), o16=(1, None))
        generator = foreign.object
        self.assertEqual(next(generator), [])
        self.assertEqual(generator.send(5), [5])
        with self.assertRaises(StopIteration) as caught:
            generator.throw(KeyError('k'))
        self.assertEqual(caught.exception.value, "KeyError('k')")
        with self.assertRaises(StopIteration):
            generator.throw(KeyError, 'k')
        self.assertIsNone(generator.close())

        def delegate():
            return (yield from Foreign(flags=GENERATOR | ITERATOR,
                                       o14=lambda name, *sent: (1, ('a', 1))).object)

        with self.assertRaises(StopIteration) as caught:
            next(delegate())
        self.assertEqual(caught.exception.value, ['a', 1])

    def test_contexts(self):
        foreign = Foreign(flags=CONTEXT, o20=(0, 'entered'),
                          o21=lambda name, error: (0, isinstance(error, KeyError)))
        with foreign.object as entered:
            raise KeyError('swallowed')
        self.assertEqual(entered, 'entered')
        with self.assertRaises(ValueError):
            with foreign.object:
                raise ValueError('through')
        with foreign.object:
            pass
        self.assertEqual(foreign.asked[-1], (EXIT, None, [None]))

    def test_the_rest(self):
        foreign = Foreign(o22=(0, 'text'), o23=(0, 'repr'), o27=(0, 12),
                          o26=lambda name, other: (0, other is equal))
        equal, other = Foreign(o27=(0, 12)).object, Foreign().object
        thing = foreign.object
        self.assertEqual((str(thing), repr(thing), hash(thing)), ('text', 'repr', 12))
        self.assertEqual(thing, thing)
        self.assertEqual(thing, equal)
        self.assertNotEqual(thing, other)
        self.assertNotEqual(thing, 1)
        self.assertEqual({thing: 1}[thing], 1)
        with self.assertRaises(TypeError):
            thing < other

    def test_what_a_loader_does_not_know(self):
        """Then an object is what any object of Python is."""
        unknown = dict(('o%d' % operation, (3, None)) for operation in (TEXT, REPR, EQUAL, HASH))
        thing, other = Foreign(**unknown).object, Foreign(**unknown).object
        self.assertIn('<c object Thing at', repr(thing))
        self.assertEqual(str(thing), repr(thing))
        self.assertNotEqual(thing, other)
        self.assertEqual(len({thing, other, thing}), 2)


if __name__ == '__main__':
    unittest.main()
