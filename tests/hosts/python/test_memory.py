# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Memory that two languages use in place, in both directions."""

import array
import ctypes
import gc
import mmap
import unittest
import weakref

import metacall
import support

support.guest()


def echo(value):
    return metacall.metacall('guest_echo', value)


def fill(value, byte=-1):
    return metacall.metacall('guest_fill', value, byte)


class Out(unittest.TestCase):
    def test_bytes(self):
        small, large = b'x' * 4095, b'x' * 4096
        self.assertEqual(fill(small), [False, False, 'B', 1])
        self.assertEqual(fill(large), [True, True, 'B', 1])
        self.assertIs(echo(large), large)
        self.assertEqual(echo(small), small)

    def test_written_in_place(self):
        for memory in (bytearray(1), bytearray(10000), memoryview(bytearray(5)), mmap.mmap(-1, 8),
                       array.array('B', [1, 2]), array.array('d', [1.5]),
                       (ctypes.c_int32 * 4)()):
            self.assertIs(fill(memory, 7)[0], True)
            self.assertEqual(set(bytes(memory)), {7})
            self.assertIs(echo(memory), memory)
            self.assertIs(echo({'a': memory})['a'], memory)

    def test_formats(self):
        for letter in 'bBhHiIqQfd':
            memory = array.array(letter, [1])
            self.assertEqual(fill(memory), [True, False, letter, memory.itemsize])
        self.assertEqual(fill(array.array('l', [1]))[2:], ['q', 8])
        self.assertEqual(fill(memoryview(b'abcd'))[:2], [True, True])
        self.assertEqual(fill(memoryview(bytearray(4)).cast('c'))[2], 'B')
        self.assertEqual(fill(bytearray())[0], True)

    def test_not_contiguous(self):
        view = memoryview(bytearray(8))[::2]
        self.assertEqual(metacall.metacall('guest_kind', view), 'Object')
        self.assertIs(echo(view), view)
        flat = memoryview(bytearray(8)).cast('B', (2, 4))
        self.assertEqual(fill(flat, 1)[0], True)

    def test_pinned(self):
        memory = bytearray(4)
        metacall.metacall('guest_keep', memory)
        with self.assertRaises(BufferError):
            memory.append(1)
        metacall.metacall('guest_keep', None)
        gc.collect()
        memory.append(1)
        self.assertEqual(len(memory), 5)

    def test_held(self):
        class Memory(bytearray):
            pass

        memory = Memory(b'held')
        watch = weakref.ref(memory)
        metacall.metacall('guest_keep', memory)
        del memory
        gc.collect()
        self.assertEqual(watch(), b'held')
        metacall.metacall('guest_keep', None)
        gc.collect()
        self.assertIsNone(watch())

    def test_released_view(self):
        view = memoryview(b'abc')
        view.release()
        self.assertIs(echo(view), view)

    def test_numpy(self):
        try:
            import numpy
        except ImportError:
            self.skipTest('no numpy for this Python')
        numbers = numpy.arange(1000, dtype='f8')
        self.assertEqual(fill(numbers), [True, False, 'd', 8])
        self.assertIs(echo(numbers), numbers)
        fill(numbers, 0)
        self.assertEqual(numbers.sum(), 0)
        self.assertEqual(fill(numpy.zeros((3, 4), 'i4'))[2:], ['i', 4])
        self.assertEqual(metacall.metacall('guest_kind', numbers[::2]), 'Object')
        self.assertEqual(metacall.metacall('guest_kind', numpy.zeros(2, 'c16')), 'Object')
        for scalar, plain in ((numpy.int64(5), 5), (numpy.uint8(200), 200), (numpy.float64(.5), .5),
                              (numpy.float32(.5), .5), (numpy.bool_(True), True),
                              (numpy.str_('s'), 's')):
            self.assertEqual(echo(scalar), plain)
            self.assertIs(type(echo(scalar)), type(plain))
        memory = metacall.metacall('guest_memory', 80, 'd', 8, False)
        seen = numpy.asarray(memory)
        self.assertEqual((seen.dtype.char, seen.shape), ('d', (10,)))
        seen[:] = 1.5
        self.assertEqual(list(memory), [1.5] * 10)


class In(unittest.TestCase):
    def test_view(self):
        memory = metacall.metacall('guest_memory', 16, 'i', 4, False)
        self.assertIs(type(memory), memoryview)
        self.assertEqual((memory.format, memory.itemsize, memory.nbytes, memory.readonly),
                         ('i', 4, 16, False))
        memory[1] = -2
        self.assertEqual(list(memory), [0, -2, 0, 0])
        self.assertIs(echo(memory), memory)
        fill(memory, 1)
        self.assertEqual(memory[0], 0x01010101)
        self.assertEqual(fill(memory), [True, False, 'i', 4])

    def test_readonly(self):
        memory = metacall.metacall('guest_memory', 4, 'B', 1, True)
        self.assertTrue(memory.readonly)
        self.assertEqual(bytes(memory), b'\0' * 4)
        with self.assertRaises(TypeError):
            memory[0] = 1
        with self.assertRaises(TypeError):
            ctypes.c_char.from_buffer(memory)

    def test_parts(self):
        memory = metacall.metacall('guest_memory', 8, 'B', 1, False)
        part = memory[2:4]
        fill(part, 9)
        self.assertEqual(list(memory), [0, 0, 9, 9, 0, 0, 0, 0])
        self.assertIs(echo(part), part)
        self.assertEqual(fill(memory.cast('i'))[2:], ['i', 4])

    def test_lifetime(self):
        before = metacall.metacall('guest_memories')
        memory = metacall.metacall('guest_memory', 4096, 'B', 1, False)
        part = memory[1:]
        self.assertEqual(metacall.metacall('guest_memories'), before + 1)
        del memory
        gc.collect()
        part[0] = 5
        self.assertEqual(metacall.metacall('guest_memories'), before + 1)
        del part
        gc.collect()
        self.assertEqual(metacall.metacall('guest_memories'), before)

    def test_empty(self):
        memory = metacall.metacall('guest_memory', 0, 'd', 8, False)
        self.assertEqual(list(memory), [])


if __name__ == '__main__':
    unittest.main()
