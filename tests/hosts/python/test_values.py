# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Values out of Python and back: exact, or refused with a reason."""

import collections
import datetime
import math
import unittest

import metacall
import support

support.guest()


def echo(value):
    return metacall.metacall('guest_echo', value)


class Exact(unittest.TestCase):
    def same(self, value, expected=None):
        expected = value if expected is None else expected
        got = echo(value)
        self.assertEqual(got, expected)
        self.assertIs(type(got), type(expected))

    def test_scalars(self):
        self.assertIsNone(echo(None))
        self.assertIs(echo(True), True)
        self.assertIs(echo(False), False)
        for number in (0, -1, 255, 2**31, -2**31, 2**53 + 1, 2**63 - 1, -2**63):
            self.same(number)

    def test_big_integers(self):
        for number in (2**63, -2**63 - 1, 2**64, 2**200, -2**200, 10**400, -(2**64 - 1), 3**1000,
                       7**20000, -2**100000):  # past what Python turns into decimal text
            self.same(number)

    def test_floats(self):
        for number in (0.0, 1.5, 1e308, 5e-324, -math.pi, math.inf, -math.inf, 3.0):
            self.same(number)
        self.assertEqual(math.copysign(1, echo(-0.0)), -1)
        self.assertTrue(math.isnan(echo(math.nan)))

    def test_text(self):
        for text in ('', 'a', 'a\0b', '\0', 'é', '€', '😀', '\ud800', 'x\udfffy',
                     'ab' * 50000):
            self.same(text)

    def test_bytes(self):
        for data in (b'', b'\0', b'\0\1\xff', bytes(range(256)) * 1000):
            self.same(data)

    def test_containers(self):
        for value in ([], [1, 2, 3], [[], [[]]], {}, {'a': 1}, {'a': {'b': [None, {'c': b'\0'}]}},
                      {1: 'a', None: 'b', 2.5: 'c', b'k': 'd', True: 'e'}, list(range(1000)),
                      {(1, (2, 'a')): 3, frozenset([(1,)]): 4}):
            self.same(value)
        self.same((1, (2, 3)), [1, [2, 3]])
        self.assertEqual(list(echo({'z': 1, 'a': 2, 'm': 3})), ['z', 'a', 'm'])

    def test_subclasses_travel_as_their_value(self):
        class Text(str):
            pass

        self.same(Text('t'), 't')
        self.same(collections.OrderedDict(a=1), {'a': 1})
        self.same(collections.namedtuple('Point', 'x y')(1, 2), [1, 2])

    def test_a_dict_that_loses_the_key_while_its_value_is_looked_at(self):
        class Forgetful(datetime.tzinfo):
            def utcoffset(self, when):
                table.clear()
                others.extend(range(10 ** 12, 10 ** 12 + 100))  # may lie where the key was
                raise OverflowError('nowhere')
        others = []
        for key in range(10 ** 15, 10 ** 15 + 50):
            table = {key: datetime.datetime(2000, 1, 1, tzinfo=Forgetful())}
            key += 0
            with self.assertRaisesRegex(Exception, r'\[%d\]' % key):
                echo(table)

    def test_long_lists(self):
        for value in (list(range(100000)), [str(i) for i in range(10000)],
                      {str(i): i for i in range(1000)}):
            self.same(value)

    def test_depth(self):
        value = 'leaf'
        for _ in range(1000):
            value = [value]
        got = echo(value)
        for _ in range(1000):
            self.assertEqual(len(got), 1)
            got = got[0]
        self.assertEqual(got, 'leaf')

    def test_shared_but_not_cyclic(self):
        inner = [1]
        self.same([inner, inner, {'a': inner}])

    def test_kinds(self):
        for value, kind in ((1, 'Long'), (1.0, 'Double'), ('', 'String'), (b'', 'Buffer'),
                            ([], 'Array'), ({}, 'Map'), (None, 'Null'), (True, 'Bool'),
                            (len, 'Function'), ({1}, 'Set'), (datetime.datetime.now(), 'Date'),
                            (int, 'Class'), (object(), 'Object')):
            self.assertEqual(metacall.metacall('guest_kind', value).lower()[:4], kind.lower()[:4])

    def test_sets(self):
        for value in (set(), {1, 2, 3}, frozenset(), frozenset('abc'), {(1, (2, 'x')), (3,)},
                      {frozenset([1, 2]), None}, [{1}, frozenset([1])], {'a': {1.5}},
                      set(range(1000))):
            self.same(value)

    def test_dates(self):
        utc = datetime.timezone.utc
        for value in (datetime.datetime(1970, 1, 1, tzinfo=utc),
                      datetime.datetime(2024, 2, 29, 23, 59, 59, 999999, tzinfo=utc),
                      datetime.datetime(1, 1, 1, tzinfo=utc),
                      datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=utc),
                      datetime.datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=utc)):
            self.same(value)
        zone = datetime.timezone(datetime.timedelta(hours=-5, minutes=-30))
        there = datetime.datetime(2020, 6, 1, 12, 0, 0, 5, tzinfo=zone)
        self.assertEqual(echo(there), there)
        self.assertIs(echo(there).tzinfo, utc)
        naive = datetime.datetime(2020, 6, 1, 12, 0, 0, 123456)
        self.assertEqual(echo(naive), naive.astimezone())
        self.assertEqual(echo([naive])[0].timestamp(), naive.timestamp())

        class Finer(datetime.datetime):
            nanosecond = 1

        finer = Finer(2020, 1, 1, tzinfo=utc)
        self.assertIs(echo(finer), finer)

    def test_dates_that_do_not_exist(self):
        with self.assertRaises(metacall.RangeError):
            metacall.metacall('guest_date', 2**62)
        with self.assertRaises(ValueError):
            metacall.metacall('guest_date', -2**62)

    def test_pointers(self):
        null = metacall.metacall_value_create_ptr(None)
        self.assertEqual(metacall.metacall('guest_kind', null), 'Pointer')
        pointer = metacall.metacall_value_reference({'a': [1, 2]})
        self.assertEqual(metacall.metacall_value_dereference(pointer), {'a': [1, 2]})
        with self.assertRaises(TypeError):
            metacall.metacall_value_dereference(1)
        with self.assertRaises(TypeError):
            metacall.metacall_value_create_ptr('x')


class Refused(unittest.TestCase):
    """Complex numbers and cycles: all else crosses."""

    def refused(self, value, *parts):
        with self.assertRaises(metacall.ConversionError) as caught:
            echo(value)
        self.assertIsInstance(caught.exception, TypeError)
        for part in ('guest_echo()', 'argument 1', *parts):
            self.assertIn(part, str(caught.exception))

    def test_types(self):
        self.refused(1j, "'complex'", '.real')

    def test_path(self):
        self.refused([1, {'name': [0, 1j]}], 'at [1].name[1]', "'complex'")
        self.refused({'not an identifier': {'a': 1j}}, "['not an identifier'].a")
        self.refused({1: 1j}, 'at [1]')
        self.refused({1j: 1}, 'at [1j]')
        self.refused([{1j}], 'at [0][0]')

    def test_cycles(self):
        ring = [1]
        ring.append({'a': [ring]})
        self.refused(ring, 'contains itself', 'at [1].a[0]')
        loop = {}
        loop['self'] = loop
        self.refused(loop, 'contains itself', 'at .self')

    def test_depth(self):
        value = []
        for _ in range(5000):
            value = [value]
        self.refused(value, 'deeper')

    def test_own_exception_of_the_conversion(self):
        class Zone(datetime.tzinfo):
            def utcoffset(self, when):
                raise ZeroDivisionError('mine')

        with self.assertRaises(ZeroDivisionError) as caught:
            echo([datetime.datetime(2020, 1, 1, tzinfo=Zone())])
        self.assertEqual(str(caught.exception), 'mine')

    def test_result_of_a_callback(self):
        with self.assertRaises(metacall.ConversionError) as caught:
            metacall.metacall('guest_call0', lambda: [1j])
        self.assertIn('result at [0]', str(caught.exception))

    def test_dict_that_changes(self):
        victim = {}

        class Zone(datetime.tzinfo):
            def utcoffset(self, when):
                victim['more'] = 1
                return datetime.timedelta(0)

        victim.update(a=datetime.datetime(2020, 1, 1, tzinfo=Zone()), b=2)
        self.refused(victim, 'changed its size')
        self.assertEqual(len(victim), 3)


if __name__ == '__main__':
    unittest.main()
