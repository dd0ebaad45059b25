# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Exceptions: Python's come home as themselves, foreign ones as metacall.ForeignError."""

import sys
import traceback
import unittest

import metacall
import support

support.guest()


class Mine(Exception):
    def __init__(self, extra):
        super().__init__('mine')
        self.extra = extra


class Home(unittest.TestCase):
    def raised(self, error):
        def fail():
            raise error
        try:
            metacall.metacall('guest_call0', fail)
        except BaseException as caught:
            return caught
        self.fail('nothing was raised')

    def test_same_object(self):
        for error in (Mine([1]), KeyError('k'), ValueError(), SystemExit(3), KeyboardInterrupt(),
                      GeneratorExit(), StopIteration(5)):
            self.assertIs(self.raised(error), error)

    def test_traceback_is_whole(self):
        error = self.raised(Mine(1))
        names = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
        self.assertEqual(names, ['raised', 'fail'])

    def test_cause(self):
        first = ValueError('first')
        def fail():
            try:
                raise first
            except ValueError as error:
                raise Mine(2) from error
        with self.assertRaises(Mine) as caught:
            metacall.metacall('guest_call0', fail)
        self.assertIs(caught.exception.__cause__, first)

    def test_exception_as_a_value(self):
        error = Mine(3)
        self.assertIs(metacall.metacall('guest_echo', error), error)

    def test_state_is_clean_afterwards(self):
        self.raised(Mine(4))
        self.assertEqual(metacall.metacall('guest_echo', 1), 1)
        self.assertEqual(sys.exc_info(), (None, None, None))


class Foreign(unittest.TestCase):
    def thrown(self, kind, message='message'):
        with self.assertRaises(metacall.ForeignError) as caught:
            metacall.metacall('guest_throw', kind, message)
        return caught.exception

    def test_classes(self):
        for kind, base in (('TypeError', TypeError), ('RangeError', ValueError),
                           ('ReferenceError', NameError), ('SyntaxError', SyntaxError),
                           ('Error', RuntimeError), ('Strange', RuntimeError),
                           ('ZeroDivisionError', ArithmeticError)):
            error = self.thrown(kind)
            self.assertIsInstance(error, base)
            self.assertIsInstance(error, metacall.Error)
            self.assertEqual(error.type, kind)

    def test_attributes(self):
        error = self.thrown('TypeError', 'é\u20ac')
        self.assertEqual(str(error), 'é\u20ac')
        self.assertEqual(error.code, 42)
        self.assertIn('guest.c:1', error.stack)

    def test_comes_back_as_itself(self):
        def relay():
            metacall.metacall('guest_throw', 'TypeError', 'relayed')
        with self.assertRaises(metacall.ForeignTypeError) as caught:
            metacall.metacall('guest_call0', relay)
        self.assertEqual(caught.exception.type, 'TypeError')
        self.assertIn('guest.c:1', caught.exception.stack)

    def test_foreign_frames_are_printed(self):
        try:
            metacall.metacall('guest_throw', 'Error', 'message')
        except metacall.ForeignError:
            text = traceback.format_exc()
        if sys.version_info < (3, 11):
            self.assertIn('  File "guest.c", line 1, in guest\n', text)
            self.assertTrue(text.endswith('metacall.ForeignError: message\n'), text)
        else:
            self.assertIn('at guest (guest.c:1)', text)
        self.assertIn('in test_foreign_frames_are_printed', text)

    @unittest.skipIf(sys.version_info < (3, 11), 'notes came with 3.11')
    def test_notes_can_be_added(self):
        error = self.thrown('Error')
        error.add_note('mine')
        self.assertEqual(error.__notes__[-1], 'mine')
        self.assertIn('guest.c:1', error.__notes__[0])


class Interrupts(unittest.TestCase):
    def test_uncaught_in_callback_ends_with_its_status(self):
        child = support.run('''
            import metacall, support
            support.guest()
            metacall.metacall('guest_call0', lambda: sys.exit(3))
        ''')
        self.assertEqual((child.status, child.output, child.errors), (3, '', ''), child)


if __name__ == '__main__':
    unittest.main()
