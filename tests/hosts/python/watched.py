# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""Functions of each kind, to be watched: by hooks in Python (test_intercept) and in C
(test_intercept_c)."""

import asyncio


def add(a, b=10):
    """Adds."""
    return a + b


def shapes(a, b, /, c, d=4, *rest, e, f=6, **more):
    return (a, b, c, d, rest, e, f, more)


def fails(kind):
    raise kind('on purpose')


def same(anything):
    return anything


async def later(number):
    await asyncio.sleep(0)
    return number + 1


def numbers(count):
    yield from range(count)
