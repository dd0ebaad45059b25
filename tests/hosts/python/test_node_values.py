# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Values, objects, memory and promises between Python and JavaScript in one process."""

import array
import asyncio
import collections
import contextlib
import datetime
import decimal
import enum
import gc
import sys
import time
import unittest
import weakref

import metacall
import support

SCRIPT = '''
class Point {
    constructor(x, y = 0) { this.x = x; this.y = y; }
    add(other) { return new Point(this.x + other.x, this.y + other.y); }
    get sum() { return this.x + this.y; }
    set sum(value) { this.x = value - this.y; }
    toString() { return `Point(${this.x}, ${this.y})`; }
    static origin() { return new Point(0); }
    *[Symbol.iterator]() { yield this.x; yield this.y; }
}
Point.dimensions = 2;
class Point3 extends Point {}
class Refuses { constructor() { throw new RangeError('not this one'); } }
let finished = 0, kept = null, registry;
module.exports = {
    Point, Point3, Refuses,
    echo: x => x,
    call: (f, ...args) => f(...args),
    make: (Class, ...args) => new Class(...args),
    get: (object, key) => object[key],
    put: (object, key, value) => { object[key] = value; },
    has: (object, key) => key in object,
    method: (object, name, ...args) => object[name](...args),
    spread: object => [...object],
    instance: (object, Class) => object instanceof Class,
    kind: x => Object.prototype.toString.call(x).slice(8, -1),
    constructorOf: x => x.constructor.name,
    text: x => `${x}`,
    *generate(n) {
        const sent = [];
        try {
            for (let i = 0; i < n; i++) sent.push(yield i);
            return sent;
        } finally { finished++; }
    },
    finished: () => finished,
    firstOf: iterable => { for (const item of iterable) return item; },
    drive: (generator, value) => {
        const first = generator.next(), second = generator.next(value);
        return [first.value, second.value, second.done];
    },
    regexp: () => /a(b)/g, weak: () => new WeakMap(), thing: () => ({ __proto__: { a: 1 } }),
    symbol: () => Symbol('no'), callable: () => Object.assign(() => 1, { a: 1 }),
    invalid: () => new Date(NaN), date: ms => new Date(ms), ms: date => date.getTime(),
    map: (...pairs) => new Map(pairs), keys: map => [...map.keys()],
    bytes: (...numbers) => new Uint8Array(numbers), floats: (...n) => Float64Array.from(n),
    disposable: log => (Symbol.asyncDispose ? {
        async [Symbol.asyncDispose]() { await null; log('left'); } } : null),
    typed: (name, ...numbers) => globalThis[name].from(numbers),
    arrayBuffer: n => new ArrayBuffer(n), dataView: n => new DataView(new ArrayBuffer(n)),
    buffer: text => Buffer.from(text), fill: (memory, value) => { memory.fill(value); },
    sum: numbers => numbers.reduce((a, b) => a + b, 0), length: x => x.length,
    keep: x => { kept = x; }, kept: () => kept,
    collect: () => { globalThis.gc ? globalThis.gc() : 0; },
    later: (ms, value) => new Promise(resolve => setTimeout(resolve, ms, value)),
    laterFails: (ms, message) => new Promise((_, reject) =>
        setTimeout(() => reject(new Error(message)), ms)),
    fails: async message => { await null; throw new RangeError(message); },
    never: () => new Promise(() => {}),
    plusOne: async promise => (await promise) + 1,
    reason: async promise => {
        try { await promise; return null; } catch (e) { return [e.name, e.message]; }
    },
    rethrow: async promise => { try { await promise; } catch (e) { throw e; } },
    async *count(n) { for (let i = 0; i < n; i++) { await null; yield i; } },
    total: async iterable => { let sum = 0; for await (const x of iterable) sum += x; return sum; },
    all: async (f, n) => (await Promise.all(Array.from({ length: n }, (_, i) => f(i)))).length,
    caused: () => {
        try { null.x; } catch (cause) { throw new RangeError('on top', { cause }); }
    },
    causeOf: f => { try { f(); } catch (e) { return [e.message, e.cause && e.cause.message]; } },
    relay: f => { try { f(); } catch (e) { throw e; } },
    thenable: value => ({ then: resolve => resolve(value) }),
};
'''

node = support.load_node(SCRIPT)

UTC = datetime.timezone.utc


def settle():
    """Lets both collectors work, and what they leave to later."""
    for _ in range(3):
        gc.collect()
        node.collect()
        time.sleep(0.01)
        node.echo(None)


class Values(unittest.TestCase):
    def refused(self, error, message, function, *arguments):
        with self.assertRaises(error) as caught:
            function(*arguments)
        self.assertRegex(str(caught.exception), message)

    def test_what_is_refused_is_named(self):
        self.refused(metacall.RangeError, r'^date\(\): result: a date outside the years 1 to 9999',
                     node.date, -8.64e15)
        far = datetime.datetime.min
        self.refused(metacall.RangeError, r'^echo\(\): argument 1 at \[1\]\.a: a naive datetime',
                     node.echo, [0, {'a': far}])
        self.refused(metacall.ConversionError, r'^map\(\): result: a map cannot be a key',
                     node.map, [{'a': 1}, 1])
        self.refused(metacall.ConversionError, r'^map\(\): result: two keys of a map are .*: True$',
                     node.map, [1, 1], [True, 2])

    def same(self, value, expected=None):
        expected = value if expected is None else expected
        got = node.echo(value)
        self.assertEqual(got, expected)
        self.assertIs(type(got), type(expected))

    def test_dates(self):
        for when in (datetime.datetime(2020, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
                     datetime.datetime(1, 1, 1, tzinfo=UTC),
                     datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
                     datetime.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)):
            self.assertEqual(node.kind(when), 'Date')
            self.same(when)
        self.assertEqual(node.date(1234), datetime.datetime(1970, 1, 1, 0, 0, 1, 234000, UTC))
        self.assertEqual(node.ms(datetime.datetime(1970, 1, 1, tzinfo=UTC)), 0)
        naive = datetime.datetime(2020, 6, 1, 12)
        self.assertEqual(node.ms(naive), naive.timestamp() * 1000)
        with self.assertRaises(ValueError):
            node.invalid()
        with self.assertRaises(ValueError):
            node.date(8.64e15)

    def test_sets(self):
        for value in (set(), {1, 'a', None}, {(1, 2), 'x'}, [{1}]):
            self.same(value)
        self.same(frozenset([1]), {1})
        self.assertEqual(node.kind({1}), 'Set')

    def test_maps(self):
        self.assertEqual([node.kind(value) for value in ({}, {'a': 1}, {1: 2}, {'a': 1, 2: 3})],
                         ['Object', 'Object', 'Map', 'Map'])
        for value in ({1: 'a', 2: 'b'}, {(1, 2): 'pair', None: 0}, {b'k': 1}, {2**70: 1},
                      collections.OrderedDict(z=1, a=2)):
            self.assertEqual(node.echo(value), value)
        self.assertEqual(node.map([1, 'a'], [[1, [2]], 'b']), {1: 'a', (1, (2,)): 'b'})
        with self.assertRaises(TypeError):
            node.map([{'a': 1}, 'b'])

    def test_shared_parts(self):
        part = {'a': [1]}
        got = node.echo([part, part])
        self.assertEqual(got, [part, part])

    def test_refused(self):
        with self.assertRaises(metacall.ConversionError) as caught:
            node.echo([1, {'deep': 1j}])
        self.assertIn('echo(): argument 1 at [1].deep', str(caught.exception))
        with self.assertRaises(TypeError) as caught:
            node.symbol()
        self.assertIn('symbol', str(caught.exception))
        with self.assertRaises(TypeError):
            node.call(lambda: 1j)
        ring = []
        ring.append(ring)
        with self.assertRaises(TypeError):
            node.echo(ring)
        deep = []
        for _ in range(1500):
            deep = [deep]
        with self.assertRaises(TypeError):
            node.echo(deep)


class FromNode(unittest.TestCase):
    """Objects of JavaScript in Python."""

    def test_classes(self):
        Point = node.Point
        self.assertIsInstance(Point, metacall.Class)
        self.assertEqual((Point.__name__, Point.dimensions, Point.language), ('Point', 2, 'node'))
        point = Point(1, 2)
        self.assertIsInstance(point, Point)
        self.assertNotIsInstance(point, node.Point3)
        self.assertIsInstance(node.Point3(1), Point)
        self.assertNotIsInstance([], Point)
        self.assertIs(node.instance(point, Point), True)
        self.assertIs(node.echo(Point), Point)
        self.assertEqual(Point.origin().x, 0)
        with self.assertRaises(metacall.ForeignRangeError):
            node.Refuses()
        with self.assertRaises(TypeError):
            point()

    def test_by_name(self):
        metacall.metacall_load_from_memory('node', '''
            module.exports = { NamedClass: class NamedClass { constructor(a) { this.a = a; } } };
        ''')
        self.assertEqual(metacall.metacall('NamedClass', 5).a, 5)

    def test_attributes(self):
        point = node.Point(1, 2)
        self.assertEqual((point.x, point.sum, point.add(point).y), (1, 3, 4))
        point.x = [1]
        self.assertEqual(point.x, [1])
        point.sum = 10
        self.assertEqual(point.x, 8)
        point.fresh = None
        self.assertIsNone(point.fresh)
        del point.fresh
        self.assertFalse(hasattr(point, 'fresh'))
        with self.assertRaises(AttributeError):
            point.missing
        self.assertLessEqual({'x', 'y', 'add', 'sum'}, set(dir(point)))

    def test_identity(self):
        point = node.Point(1)
        self.assertIs(node.echo(point), point)
        self.assertIs(node.echo([point])[0], point)
        self.assertEqual(point, point)
        self.assertNotEqual(point, node.Point(1))
        self.assertEqual({point: 1}[point], 1)
        node.keep(point)
        point.mark = 'here'
        del point
        gc.collect()
        self.assertEqual(node.kept().mark, 'here')
        node.keep(None)

    def test_text(self):
        point = node.Point(1, 2)
        self.assertEqual(str(point), 'Point(1, 2)')
        self.assertEqual('%s' % point, 'Point(1, 2)')
        self.assertIn('Point', repr(point))

    def test_iteration(self):
        point = node.Point(1, 2)
        self.assertEqual(list(point), [1, 2])
        x, y = point
        self.assertEqual((x, y), (1, 2))
        self.assertFalse(callable(point))
        with self.assertRaises(TypeError):
            iter(node.regexp())
        with self.assertRaises(TypeError):
            len(point)

    def test_generators(self):
        generator = node.generate(3)
        self.assertEqual((next(generator), generator.send('a'), generator.send('b')), (0, 1, 2))
        with self.assertRaises(StopIteration) as caught:
            generator.send('c')
        self.assertEqual(caught.exception.value, ['a', 'b', 'c'])
        with self.assertRaises(StopIteration):
            next(generator)
        generator = node.generate(3)
        next(generator)
        before = node.finished()
        generator.close()
        self.assertEqual(node.finished(), before + 1)
        self.assertEqual(list(generator), [])
        generator = node.generate(3)
        next(generator)
        mine = KeyError('mine')
        with self.assertRaises(KeyError) as caught:
            generator.throw(mine)
        self.assertIs(caught.exception, mine)

        def delegate():
            return (yield from node.generate(1))

        self.assertEqual(list(delegate()), [0])

    def test_others(self):
        for thing in (node.regexp(), node.weak(), node.thing()):
            self.assertIsInstance(thing, metacall.Object)
            self.assertIs(node.echo(thing), thing)
        self.assertEqual(node.regexp().source, 'a(b)')
        self.assertEqual(node.regexp().test('xab'), True)

    def test_let_go(self):
        watch = weakref.ref(node.Point(1))
        gc.collect()
        self.assertIsNone(watch())

    def test_asynchronous_context(self):
        log = []
        thing = node.disposable(log.append)
        if thing is None:
            self.skipTest('this Node has no Symbol.asyncDispose')

        async def main():
            async with thing as entered:
                self.assertIs(entered, thing)
            with self.assertRaises(KeyError):
                async with thing:
                    raise KeyError('mine')
        asyncio.run(main())
        self.assertEqual(log, ['left', 'left'])


class ToNode(unittest.TestCase):
    """Objects of Python in JavaScript."""

    class Thing:
        shared = 'class'

        def __init__(self, a, b=2):
            self.a = a
            self.b = b

        def method(self, x, *, y=0):
            return [self.a, x, y]

        def __str__(self):
            return 'thing %s' % self.a

    def test_attributes(self):
        thing = self.Thing(1)
        self.assertEqual(node.get(thing, 'a'), 1)
        self.assertEqual(node.get(thing, 'shared'), 'class')
        self.assertIsNone(node.get(thing, 'missing'))
        self.assertIs(node.has(thing, 'a'), True)
        self.assertIs(node.has(thing, 'missing'), False)
        node.put(thing, 'a', [5])
        self.assertEqual(thing.a, [5])
        self.assertEqual(node.method(thing, 'method', 6), [[5], 6, 0])
        self.assertEqual(node.text(thing), 'thing [5]')

    def test_classes(self):
        Thing = self.Thing
        made = node.make(Thing, 7)
        self.assertIs(type(made), Thing)
        self.assertEqual((made.a, made.b), (7, 2))
        self.assertIs(node.instance(made, Thing), True)
        self.assertIs(node.instance(made, int), False)
        self.assertIs(node.echo(Thing), Thing)
        self.assertEqual(node.constructorOf(made), 'Thing')
        with self.assertRaises(TypeError):
            node.make(Thing)

    def test_identity(self):
        class Colour(enum.Enum):
            RED = 1

        for thing in (self.Thing(1), Colour.RED, decimal.Decimal('1.10'), datetime.date(2020, 1, 1),
                      range(3), object(), datetime.timedelta(1), collections.deque()):
            self.assertIs(node.echo(thing), thing)
            self.assertIs(node.call(lambda x: x, thing), thing)

    def test_iteration(self):
        self.assertEqual(node.spread(range(3)), [0, 1, 2])
        self.assertEqual(node.spread({'a': 1}.items()), [['a', 1]])
        self.assertEqual(node.spread(x * x for x in (1, 2, 3)), [1, 4, 9])
        self.assertEqual(node.firstOf(iter([5, 6])), 5)

        def generate():
            try:
                got = yield 1
                yield [got]
            finally:
                closed.append(True)

        closed = []
        self.assertEqual(node.drive(generate(), 'sent'), [1, ['sent'], False])
        del closed[:]
        self.assertEqual(node.firstOf(generate()), 1)
        self.assertEqual(closed, [True])

    def test_errors(self):
        class Fails:
            @property
            def attribute(self):
                raise mine

        mine = KeyError('mine')
        with self.assertRaises(KeyError) as caught:
            node.get(Fails(), 'attribute')
        self.assertIs(caught.exception, mine)

    def test_let_go(self):
        thing = self.Thing(1)
        watch = weakref.ref(thing)
        node.keep(thing)
        del thing
        settle()
        self.assertIsNotNone(watch())
        node.keep(None)
        for _ in range(50):
            settle()
            if watch() is None:
                break
        self.assertIsNone(watch())


class Memory(unittest.TestCase):
    def test_python_memory_is_written_by_javascript(self):
        for memory in (bytearray(8), array.array('i', [0] * 4), memoryview(bytearray(100)),
                       bytearray(10000)):
            node.fill(memory, 7)
            self.assertEqual(set(memory), {7})
            self.assertIs(node.echo(memory), memory)
        self.assertEqual(node.sum(array.array('d', [1.5, 2.5])), 4)
        self.assertEqual([node.kind(array.array(letter, [1])) for letter in 'bBhHiIfd'],
                         ['Int8Array', 'Uint8Array', 'Int16Array', 'Uint16Array', 'Int32Array',
                          'Uint32Array', 'Float32Array', 'Float64Array'])
        self.assertEqual(node.kind(array.array('q', [1])), 'BigInt64Array')

    def test_bytes(self):
        for data in (b'', b'small', b'x' * 100000):
            got = node.echo(data)
            self.assertEqual(got, data)
            self.assertIs(type(got), bytes)
            self.assertEqual(node.length(data), len(data))
        self.assertEqual(node.buffer('text'), b'text')

    def test_javascript_memory_is_written_by_python(self):
        for memory, letter in ((node.bytes(1, 2), 'B'), (node.floats(1.5), 'd'),
                               (node.typed('Int16Array', 1), 'h'), (node.arrayBuffer(8), 'B'),
                               (node.dataView(4), 'B')):
            self.assertIsInstance(memory, memoryview)
            self.assertEqual(memory.format, letter)
            memory[0] = 9
            self.assertEqual(node.echo(memory)[0], 9)
            self.assertIs(node.echo(memory), memory)
        self.assertEqual(node.get(node.echo(node.bytes(1, 2, 3)), '1'), 2)

    def test_lifetime(self):
        memory = node.bytes(*range(100))
        settle()
        self.assertEqual(bytes(memory), bytes(range(100)))
        mine = bytearray(b'mine' * 2000)
        node.keep(mine)
        del mine
        settle()
        self.assertEqual(node.length(node.kept()), 8000)
        node.keep(None)

    def test_parts(self):
        memory = node.bytes(1, 2, 3, 4)
        node.fill(memory[1:3], 0)
        self.assertEqual(list(memory), [1, 0, 0, 4])

    def test_numpy(self):
        try:
            import numpy
        except ImportError:
            self.skipTest('no numpy for this Python')
        numbers = numpy.arange(5, dtype='f8')
        self.assertEqual(node.sum(numbers), 10)
        node.fill(numbers, 2)
        self.assertEqual(numbers.tolist(), [2] * 5)
        floats = numpy.asarray(node.floats(1, 2, 3))
        self.assertEqual(floats.sum(), 6)


class Causes(unittest.TestCase):
    def test_from_javascript(self):
        with self.assertRaises(metacall.ForeignRangeError) as caught:
            node.caused()
        self.assertEqual(str(caught.exception), 'on top')
        self.assertIsInstance(caught.exception.__cause__, metacall.ForeignTypeError)
        self.assertIn('null', str(caught.exception.__cause__))

    def test_from_python(self):
        def fail():
            try:
                {}['missing']
            except KeyError as error:
                raise ValueError('on top') from error

        message, cause = node.causeOf(fail)
        self.assertIn('on top', message)
        self.assertIn('missing', cause)
        with self.assertRaises(ValueError) as caught:
            node.relay(fail)
        self.assertIsInstance(caught.exception.__cause__, KeyError)


class Promises(unittest.TestCase):
    def test_failure_after_it_was_let_go(self):
        told = []
        former, sys.unraisablehook = sys.unraisablehook, lambda args: told.append(args)
        try:
            promise = node.laterFails(20, 'lost')
            node.keep(promise)
            del promise
            node.laterFails(20, 'cancelled').cancel()
            node.later(20, 'fine')
            node.laterFails(20, 'alone')
            again = node.kept()
            with self.assertRaisesRegex(metacall.ForeignError, 'lost'):
                again.result(5)
            deadline = time.monotonic() + 10
            while not told and time.monotonic() < deadline:
                time.sleep(0.01)
        finally:
            sys.unraisablehook = former
        self.assertEqual([str(args.exc_value) for args in told], ['alone'])
        self.assertEqual(told[0].object, 'a node future whose failure was never asked for')

    def test_await(self):
        async def main():
            self.assertEqual(await node.later(5, 'v'), 'v')
            self.assertEqual(await node.thenable(3), 3)
            with self.assertRaises(metacall.ForeignRangeError) as caught:
                await node.fails('later')
            self.assertEqual(str(caught.exception), 'later')
            self.assertEqual(await asyncio.gather(*[node.later(5, i) for i in range(1000)]),
                             list(range(1000)))

        asyncio.run(main())

    def test_result(self):
        pending = node.later(20, 'v')
        self.assertIsInstance(pending, metacall.Future)
        self.assertEqual(pending.language, 'node')
        self.assertIs(node.echo(pending), pending)
        self.assertEqual(pending.result(5), 'v')
        with self.assertRaises(metacall.ForeignRangeError):
            node.fails('x').result(5)
        self.assertIsInstance(node.fails('y').exception(5), ValueError)
        start = time.monotonic()
        with self.assertRaises(TimeoutError):
            node.never().result(0.1)
        self.assertLess(time.monotonic() - start, 3)

    def test_cancel(self):
        async def main():
            with self.assertRaises(asyncio.TimeoutError):
                await asyncio.wait_for(node.never(), 0.02)

        asyncio.run(main())
        pending = node.never()
        self.assertTrue(pending.cancel())
        self.assertTrue(pending.cancelled())

    def test_coroutines(self):
        async def work(value):
            await asyncio.sleep(0.001)
            if value < 0:
                raise mine
            return value

        mine = KeyError('negative')

        async def main():
            self.assertEqual(await node.plusOne(work(1)), 2)
            with self.assertRaises(KeyError) as caught:
                await node.rethrow(work(-1))
            self.assertIs(caught.exception, mine)
            name, message = await node.reason(work(-1))
            self.assertEqual(name, 'KeyError')
            self.assertIn('negative', message)
            self.assertEqual(await node.all(work, 300), 300)

        asyncio.run(main())
        self.assertEqual(node.plusOne(work(5)).result(5), 6)
        self.assertEqual(node.all(work, 300).result(30), 300)

    def test_cancelled_coroutine(self):
        async def work():
            raise asyncio.CancelledError

        async def main():
            reason = await node.reason(work())
            self.assertEqual(reason[0], 'AbortError')
            with self.assertRaises(asyncio.CancelledError):
                await node.rethrow(work())

        asyncio.run(main())

    def test_async_iteration(self):
        async def count(n):
            for number in range(n):
                await asyncio.sleep(0)
                yield number

        async def main():
            self.assertEqual([number async for number in node.count(4)], [0, 1, 2, 3])
            self.assertEqual(await node.total(count(5)), 10)

        asyncio.run(main())
        self.assertEqual(node.total(count(5)).result(5), 10)

    def test_async_exit_stack(self):
        async def main():
            async with contextlib.AsyncExitStack() as stack:
                stack.push_async_callback(lambda: node.later(1, None))
                return await node.later(1, 'inside')

        self.assertEqual(asyncio.run(main()), 'inside')


if __name__ == '__main__':
    unittest.main()
