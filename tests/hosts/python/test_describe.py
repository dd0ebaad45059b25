# SPDX-License-Identifier: Apache-2.0
# Copyright (c) The MetaCall loader registry authors
"""What is told of each kind of callable, against inspect.signature; seen from Python and C."""

import asyncio
import contextlib
import dataclasses
import enum
import functools
import inspect
import json
import os
import sys
import typing
import unittest

import metacall
import support


def plain(a, b=2, *, c, d=4):
    pass


def only_places(a, b=1, /, c=2):
    pass


def rest(a, *more, flag=False, **others):
    pass


def names_only(*, a, b=None):
    pass


def typed(a: int, b: 'str' = '', *more, flag: bool = False, either: int = None) -> float:
    pass


def generics(a: typing.List[int], b: typing.Optional[int], c: bytes, d: list, e: dict):
    pass


def generator(a):
    yield a


async def waits(a):
    pass


async def waits_and_yields(a):
    yield a


@functools.wraps(typed)
def wrapper(*args, **kwargs):
    return typed(*args, **kwargs)


@functools.wraps(wrapper)
def wrapped_twice(*args, **kwargs):
    pass


@functools.wraps(waits)
def runs(*args, **kwargs):
    return asyncio.run(waits(*args, **kwargs))


@functools.lru_cache(maxsize=None)
def cached(a, b=1):
    pass


@contextlib.contextmanager
def context(a):
    yield a


def pretends(*args, **kwargs):
    pass


pretends.__signature__ = inspect.signature(plain)

part = functools.partial(plain, 1)
part_by_name = functools.partial(plain, b=5)
part_of_part = functools.partial(functools.partial(rest, 1), 2, flag=True)
part_of_async = functools.partial(waits, 1)


class Kind:
    """Methods of all sorts."""

    shared = 1

    def __init__(self, size: int, *, name='kind'):
        self.size = size

    def method(self, a, b=1):
        pass

    @classmethod
    def of_class(cls, a):
        pass

    @staticmethod
    def static(a, b):
        pass

    @property
    def area(self):
        raise AssertionError('a property was read')

    async def later(self, a):
        pass

    def typed(self, a: int):
        pass

    partly = functools.partialmethod(method, 1)

    class Inner:
        pass

    def _hidden(self):
        pass


class Child(Kind):
    def method(self, other):
        pass

    def own(self):
        pass


class WithNew:
    def __new__(cls, a, b=1):
        return object.__new__(cls)


class Empty:
    pass


class Meta(type):
    def __call__(cls, a, b=1):
        return type.__call__(cls)


class ByMeta(metaclass=Meta):
    pass


@dataclasses.dataclass
class Data:
    x: int
    y: int = 2


class Named(typing.NamedTuple):
    x: int
    y: int = 2


class Colour(enum.Enum):
    RED = 1


class Callable:
    def __call__(self, a, b=1):
        pass


kind = Kind(1)
bound = kind.method
bound_class = Kind.of_class
static = Kind.static
unbound = Kind.method
bound_async = kind.later
bound_part = kind.partly
bound_wrapped = functools.wraps(kind.method)(lambda *args: None)


class Strict:
    def check(self, a: int, b: 'str' = ''):
        return [a, b]


FUNCTIONS = {name: value for name, value in list(globals().items()) if name in (
    'plain only_places rest names_only typed generics generator waits waits_and_yields wrapper '
    'wrapped_twice runs cached context pretends part part_by_name part_of_part part_of_async bound '
    'bound_class static unbound bound_async bound_part bound_wrapped').split()}
CLASSES = {each.__name__: each for each in (Kind, Child, WithNew, Empty, ByMeta, Data, Named)}
BUILTINS = {'len': len, 'sorted': sorted, 'isinstance': isinstance, 'append': [].append,
            'unbound_upper': str.upper, 'divmod': divmod, 'split': 'a,b'.split,
            'unbound_split': str.split}


def parameters(callable):
    """(name, required, kind) of each and whether there are more, as inspect has it."""
    kinds = {'POSITIONAL_ONLY': 'positional', 'KEYWORD_ONLY': 'keyword',
             'POSITIONAL_OR_KEYWORD': 'any'}
    found, variadic = [], False
    for each in inspect.signature(callable).parameters.values():
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            variadic = True
        else:
            found.append((each.name, each.default is each.empty, kinds[each.kind.name]))
    return found, variadic


def told(entry):
    signature = entry['signature']
    return ([(each['name'], each['required'], each['kind']) for each in signature['args']],
            signature['variadic'])


class Described(unittest.TestCase):
    """Each callable through a module of its own, which is what a handle is made of."""

    @classmethod
    def setUpClass(cls):
        import types
        module = types.ModuleType('described')
        for name, value in {**FUNCTIONS, **CLASSES, **BUILTINS}.items():
            setattr(module, name, value)
        module.__all__ = [*FUNCTIONS, *CLASSES, *BUILTINS, 'callable_instance', 'Strict']
        module.callable_instance = Callable()
        module.Strict = Strict
        sys.modules['described'] = module
        metacall.metacall_load_from_package_export('py', 'described')
        handle = [each for each in metacall.metacall_inspect()['py']
                  if any(f['name'] == 'only_places' for f in each['scope']['funcs'])][0]
        cls.functions = {each['name']: each for each in handle['scope']['funcs']}
        cls.classes = {each['name']: each for each in handle['scope']['classes']}
        cls.objects = {each['name']: each for each in handle['scope']['objects']}

    def test_functions(self):
        for name, value in FUNCTIONS.items():
            with self.subTest(name):
                self.assertEqual(told(self.functions[name]), parameters(value))

    def test_classes(self):
        for name, value in CLASSES.items():
            with self.subTest(name):
                [constructor] = self.classes[name]['constructors']
                self.assertEqual(told(constructor), parameters(value))

    def test_builtins(self):
        for name, value in BUILTINS.items():
            with self.subTest(name):
                self.assertEqual(told(self.functions[name]), parameters(value))

    def test_types(self):
        def types(name):
            return [each['type']['name'] for each in self.functions[name]['signature']['args']]
        self.assertEqual(types('typed'), ['Long', 'String', 'Boolean', ''])
        self.assertEqual(types('generics'), ['', '', 'Buffer', 'Array', 'Map'])
        self.assertEqual(types('wrapper'), ['', '', '', ''])
        self.assertEqual(types('plain'), ['', '', '', ''])
        self.assertEqual(self.functions['typed']['signature']['ret']['type'],
                         {'name': 'Double', 'id': 6})

    def test_kinds_of_function(self):
        flags = {name: (entry['async'], entry['generator'])
                 for name, entry in self.functions.items() if entry['async'] or entry['generator']}
        self.assertEqual(flags, {
            'generator': (False, True), 'waits': (True, False), 'waits_and_yields': (False, True),
            'part_of_async': (True, False), 'bound_async': (True, False)})

    def test_members(self):
        entry = self.classes['Kind']

        def names(group):
            return sorted(each['name'] for each in entry[group])
        self.assertEqual(names('methods'), ['later', 'method', 'partly', 'typed'])
        self.assertEqual(names('staticMethods'), ['of_class', 'static'])
        self.assertEqual(names('attributes'), ['area'])
        self.assertEqual(names('staticAttributes'), ['Inner', 'shared'])
        methods = {each['name']: each for each in entry['methods'] + entry['staticMethods']}
        self.assertEqual(told(methods['method']),
                         ([('a', True, 'any'), ('b', False, 'any')], False))
        self.assertEqual(told(methods['of_class']), ([('a', True, 'any')], False))
        self.assertEqual(told(methods['static']), ([('a', True, 'any'), ('b', True, 'any')], False))
        self.assertTrue(methods['later']['async'])
        entry = self.classes['Child']
        self.assertEqual(names('methods'), ['later', 'method', 'own', 'partly', 'typed'])
        [method] = [each for each in entry['methods'] if each['name'] == 'method']
        self.assertEqual(told(method), ([('other', True, 'any')], False))
        entry = self.classes['Data']
        self.assertEqual(names('attributes'), ['x', 'y'])

    def test_instances(self):
        self.assertEqual(self.objects['callable_instance'],
                         {'name': 'callable_instance', 'class': 'Callable'})

    def test_no_user_code(self):
        class Trap:
            def __getattr__(self, name):
                raise SystemExit(name)

            def __call__(self, a):
                pass
        module = sys.modules['described']
        module.trap, module.__all__ = Trap(), ['trap']
        metacall.metacall_load_from_package_export('py', 'described')
        metacall.metacall_inspect()


class Checked(unittest.TestCase):
    """Annotations are checked before the function is entered, wherever the call comes from."""

    @classmethod
    def setUpClass(cls):
        support.guest()

    def refused(self, function, *args, name, parameter, error=TypeError):
        with self.assertRaises(error) as caught:
            self.accepted(function, *args)
        self.assertIn(name, str(caught.exception))
        self.assertIn("'%s'" % parameter, str(caught.exception))

    def accepted(self, function, *args):
        guest = {1: 'guest_call', 2: 'guest_call2', 3: 'guest_call3'}[len(args)]
        return metacall.metacall(guest, function, *args)

    def test_plain(self):
        def add(a: int, b: 'int' = 1):
            return a + b
        self.assertEqual(self.accepted(add, 2), 3)
        self.assertEqual(self.accepted(add, 2**100), 2**100 + 1)
        self.assertEqual(self.accepted(add, 2.0), 3)  # exactly an integer
        self.refused(add, 'abc', name='add', parameter='a')
        self.refused(add, 1.5, name='add', parameter='a', error=ValueError)
        self.refused(add, None, name='add', parameter='a')
        self.refused(add, [1], name='add', parameter='a')

    def test_each_type(self):
        values = {int: 1, float: 2.5, str: 'a', bool: True, bytes: b'a', list: [1], dict: {'a': 1}}
        fits = {(float, int), (int, bool), (float, bool), (bool, int)}
        exact = {(int, float)}  # a number that does not fit: a ValueError
        for kind, value in values.items():
            def function(a):
                return a
            function.__annotations__ = {'a': kind}
            self.assertEqual(self.accepted(function, value), value)
            for other, wrong in values.items():
                if other is not kind and (kind, other) not in fits:
                    with self.subTest(kind=kind, other=other):
                        self.refused(function, wrong, name='function', parameter='a',
                                     error=ValueError if (kind, other) in exact else TypeError)

    def test_options(self):
        def maybe(a: int = None, b: typing.Optional[int] = 1):
            return [a, b]
        self.assertEqual(self.accepted(maybe, None, None), [None, None])
        self.assertEqual(self.accepted(maybe, 'x', 'y'), ['x', 'y'])

    def test_behind_the_places(self):
        def more(a: int, *rest, flag: bool = False):
            return [a, list(rest), flag]
        self.assertEqual(self.accepted(more, 1, 'x', 2.5), [1, ['x', 2.5], False])

    def test_methods(self):
        strict = Strict()
        self.assertEqual(self.accepted(strict.check, 1, 'x'), [1, 'x'])
        self.refused(strict.check, 'abc', name='check', parameter='a')

    def named(self, function, **arguments):
        return metacall.metacall('guest_call_json', function, json.dumps(arguments))

    def test_by_name(self):
        """Arguments by name: in any order, defaults left out, checked as those by place."""
        def function(a: int, b: str = 'b', *rest, c: float, d: bool = False, **more):
            return [a, b, list(rest), c, d, more]
        self.assertEqual(self.named(function, c=1.5, a=1), [1, 'b', [], 1.5, False, {}])
        self.assertEqual(self.named(function, d=True, x=[1], c=2, b='x', a=2**70),
                         [2**70, 'x', [], 2.0, True, {'x': [1]}])
        for wrong in ({'a': 'abc', 'c': 1}, {'a': 1, 'c': 'abc'}, {'a': 1, 'c': 1, 'd': 'abc'},
                      {'a': 1, 'c': 1, 'b': None}):
            with self.subTest(wrong), self.assertRaises(TypeError) as caught:
                self.named(function, **wrong)
            [name] = [name for name, value in wrong.items() if value in ('abc', None)]
            self.assertIn('function', str(caught.exception))
            self.assertIn("'%s'" % name, str(caught.exception))
        for lacking, name in (({'a': 1}, 'c'), ({'c': 1}, 'a')):
            with self.subTest(lacking), self.assertRaises(TypeError) as caught:
                self.named(function, **lacking)
            self.assertIn("'%s'" % name, str(caught.exception))

    def test_by_name_without_types(self):
        def function(a, b=2, *, c=3):
            return [a, b, c]
        self.assertEqual(self.named(function, a=1), [1, 2, 3])
        self.assertEqual(self.named(function, c=5, a=1), [1, 2, 5])
        self.assertEqual(self.named(functools.partial(function, c=7), a=1, b=0), [1, 0, 7])
        with self.assertRaises(TypeError) as caught:
            self.named(function, a=1, x=1)
        self.assertIn('x', str(caught.exception))
        with self.assertRaises(TypeError) as caught:
            self.named(only_places, a=1)
        self.assertIn('a', str(caught.exception))

    def test_places_only(self):
        def function(a: int, /, **more):
            return [a, more]
        self.assertEqual(self.accepted(function, 1), [1, {}])
        with self.assertRaises(TypeError):
            self.named(function, a=1)
        self.refused(function, 'abc', name='function', parameter='a')

    def test_wrappers_take_what_they_like(self):
        @functools.wraps(typed)
        def lenient(a):
            return a
        self.assertEqual(self.accepted(lenient, 'anything'), 'anything')

    def test_defined_later(self):
        """Annotations are asked for at the first call, when what they name is there."""
        code = """
            import sys, metacall, support
            support.guest()
            before = 'inspect' in sys.modules
            def first(a: int, b: Later): return a
            keep = metacall.metacall('guest_echo', first)
            class Later: pass
            assert metacall.metacall('guest_call2', first, 1, None) == 1
            try:
                metacall.metacall('guest_call2', first, 'abc', None)
            except TypeError as error:
                assert "'a'" in str(error), error
            else:
                raise SystemError
            def second(a: int, b: Never): return a
            try:
                metacall.metacall('guest_call2', second, 'abc', None)
            except TypeError as error:
                assert "'a'" in str(error), error
            else:
                raise SystemError
            assert ('inspect' in sys.modules) is before
        """
        if sys.version_info < (3, 14):
            code = code.replace('Later)', '"Later")').replace('Never)', '"Never")')
        child = support.run(code)
        self.assertEqual((child.status, child.errors), (0, ''), child)


class Elsewhere(unittest.TestCase):
    """The same is seen from C; test_node.py and test_guest.py have Node."""

    def test_c(self):
        child = support.run('''
            import ctypes, json, metacall
            before = 'inspect' in sys.modules
            def described(a: int, /, b=2, *, c): pass
            library = ctypes.PyDLL('libmetacall.so.1')
            size = ctypes.c_size_t()
            library.metacall_inspect.restype = ctypes.c_void_p
            text = library.metacall_inspect(ctypes.byref(size), None)
            found = json.loads(ctypes.string_at(text, size.value - 1))
            [main] = [each for each in found['py'] if each['name'] == '__main__']
            [entry] = [each for each in main['scope']['funcs'] if each['name'] == 'described']
            assert entry['signature']['args'] == [
                {'name': 'a', 'type': {'name': 'Long', 'id': 4}, 'required': True,
                 'kind': 'positional'},
                {'name': 'b', 'type': {'name': '', 'id': 20}, 'required': False, 'kind': 'any'},
                {'name': 'c', 'type': {'name': '', 'id': 20}, 'required': True, 'kind': 'keyword'},
            ], entry
            assert ('inspect' in sys.modules) is before
        ''', LD_LIBRARY_PATH=os.path.join(support.STAGE, 'lib'))
        self.assertEqual((child.status, child.errors), (0, ''), child)


if __name__ == '__main__':
    unittest.main()
