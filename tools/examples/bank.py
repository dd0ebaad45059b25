# SPDX-License-Identifier: Apache-2.0
"""What tools/examples/both.js uses of Python."""
import asyncio
import platform


class Account:
    def __init__(self, owner, balance=0):
        self.owner, self.balance = owner, balance

    def deposit(self, amount):
        self.balance += amount
        return self


def mirror(value):
    return value


async def later(value, seconds):
    await asyncio.sleep(seconds)
    return value


def countdown(start):
    yield from range(start, 0, -1)


def version():
    return f"python {platform.python_version()}"
