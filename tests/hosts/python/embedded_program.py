# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""What a C program with Python inside calls while Valgrind looks on."""

import atexit
import threading

atexit.register(lambda: None)


def add(a=1, b=2):
    return a + b


def text():
    return 'long \u00e9 text ' * 500


def fails():
    return 1 / 0


def thread():
    results = []
    worker = threading.Thread(target=lambda: results.append(add()))
    worker.start()
    worker.join()
    return results


def many():
    return [{'number': number, 'nested': [number, str(number)]} for number in range(100)]


def function():
    return add


def huge():
    return [2 ** 100, -2 ** 200, 1.5, None, True, b'bytes', (1, 2), {3}]
