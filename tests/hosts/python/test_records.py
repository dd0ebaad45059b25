# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Containers that come again and again, to JavaScript and back. From the second time on a dict
crosses as a shape and its values, and what lies in containers is held only as long as the call."""

import gc
import sys
import time
import unittest
import weakref

import metacall
import support

SCRIPT = '''
module.exports = {
    echo: x => x,
    keys: x => Object.keys(x),
    prototype: x => Object.getPrototypeOf(x) === Object.prototype,
    json: x => JSON.stringify(x),
    fail: x => { throw new TypeError('after ' + Object.keys(x).length); },
    back: (x, f) => f(x),
    second: x => x[1],
    collect: () => { globalThis.gc(); },
};
'''
TIMES = 40

node = support.load_node(SCRIPT)


class Records(unittest.TestCase):
    def often(self, make):
        for turn in range(TIMES):
            value = make(turn)
            got = node.echo(value)
            self.assertEqual(got, value)
            if isinstance(value, dict):
                self.assertEqual(list(got), list(value))

    def test_values_of_every_kind(self):
        kinds = [1, 2.5, 'text', '', True, None, [1, 'a'], {'in': {'deep': 'é'}}, 2 ** 80]
        self.often(lambda turn: {'id': turn, 'value': kinds[turn % len(kinds)], 'last': 'é' * turn})

    def test_keys(self):
        self.often(lambda turn: {'a': 1, 'b': turn} if turn % 2 else {'b': turn, 'a': 1})
        self.often(lambda turn: {'': turn, 'a b': 1, 'ключ': 2, '\U0001F600': 3, '"\\\n': 4})
        self.often(lambda turn: {'k' * 39: turn, 'k' * 40: 1, 'k' * 41: 2, 'k' * 80: 3})
        self.often(lambda turn: {'\ud800': turn, 'b': 1})
        self.often(lambda turn: {'key%d' % turn: turn})

    def test_names_that_differ_a_little(self):
        names = ['abcdefgA', 'abcdefga', 'abcdefgh', 'abcdefgi', 'Abcdefgh', 'abcdefghi']
        self.often(lambda turn: {name: turn for name in names})

    def test_numbers_as_text_come_first_in_javascript(self):
        for turn in range(TIMES):
            self.assertEqual(node.keys({'b': turn, '2': 1, '1': 2}), ['1', '2', 'b'])
            self.assertEqual(node.echo({'b': turn, '2': 1, '1': 2}), {'b': turn, '2': 1, '1': 2})

    def test_proto(self):
        for turn in range(TIMES):
            value = {'__proto__': {'x': turn}, 'a': 1}
            self.assertEqual(node.echo(value), value)
            self.assertTrue(node.prototype(value))

    def test_tables(self):
        for count in (1, 40, 64, 65, 128, 129, 1000, 1024, 1025, 3000):
            self.often(lambda turn: {'key%d' % i: i + turn for i in range(count)})
        self.often(lambda turn: {'id%d-%d' % (turn, i): i for i in range(200)})

    def test_records_in_lists(self):
        self.often(lambda turn: [{'id': i, 'tags': ['a', 'b'], 'at': {'zip': '%05d' % i}}
                                 for i in range(turn)])

    def test_empty(self):
        self.often(lambda turn: [[], {}, [[]], {'a': {}}, '', {'b': []}][turn % 6])

    def test_sets_and_dates_within(self):
        self.often(lambda turn: {'set': {1, 'a'}, 'list': [{2, 'b'}], 'turn': turn})


class Held(unittest.TestCase):
    """What a call's containers own or hold is let go of with the call, however it ends."""

    def test_objects_within(self):
        class Thing:
            pass
        things = []
        for _ in range(TIMES):
            thing = Thing()
            things.append(weakref.ref(thing))
            self.assertIs(node.second([0, thing, 2 ** 90, {'big': [2 ** 70]}]), thing)
            self.assertIs(node.back({'a': thing}, lambda x: x['a']), thing)
        del thing
        for _ in range(50):
            gc.collect()
            node.collect()
            time.sleep(0.01)
            if all(watch() is None for watch in things):
                break
        self.assertEqual([watch() for watch in things if watch() is not None], [])

    def test_references(self):
        text = 'a text of its own'
        value = [text, {text: text, 'big': 2 ** 100}, (text, b'x' * 10)]
        node.echo(value)
        before = sys.getrefcount(text)
        for _ in range(TIMES):
            node.echo(value)
            with self.assertRaises(TypeError):
                node.fail({'a': text, 'b': [2 ** 100, value]})
            with self.assertRaises(TypeError):
                node.echo([text, {'a': [2 ** 100, 1j]}])
        self.assertEqual(sys.getrefcount(text), before)

    def test_large(self):
        value = [['text %d' % i, i, [i, {'k': str(i)}]] for i in range(20000)]
        for _ in range(3):
            self.assertEqual(node.echo(value), value)
        self.assertEqual(node.echo({'a': 1}), {'a': 1})

    def test_a_list_that_changes_while_it_is_called(self):
        value = [{'a': 'text %d' % i} for i in range(100)]
        got = node.back(value, lambda given: (value.clear(), gc.collect(), given)[2])
        self.assertEqual(got, [{'a': 'text %d' % i} for i in range(100)])
